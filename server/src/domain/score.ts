/** Every integer up to this magnitude is exact in a double; scores and sums stay within it. */
export const MAX_SCORE = 2 ** 53;

export const SCORE_RULE = 'must be a finite number within ±9007199254740992 (2^53)';

export function isScore(value: number): boolean {
  // False for NaN too.
  return value >= -MAX_SCORE && value <= MAX_SCORE;
}
