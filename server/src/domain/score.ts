/**
 * Scores and sums stay within this magnitude: up to it each integer is a double that no other integer
 * rounds to. So an integer that a caller's language rounded on the way to a double is refused.
 */
export const MAX_SCORE = Number.MAX_SAFE_INTEGER;

export const SCORE_RULE = 'must be a finite number within ±9007199254740991 (2^53 - 1)';

export function isScore(value: number): boolean {
  // False for NaN too.
  return value >= -MAX_SCORE && value <= MAX_SCORE;
}
