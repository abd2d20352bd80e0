/**
 * What could forge or break a line of text: control characters, line and paragraph separators,
 * controls of writing direction, code points that are no characters, and halves of surrogate pairs.
 */
const HARMFUL = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\p{Noncharacter_Code_Point}\u202a-\u202e\u2066-\u2069]/u;

/** At least one character that can be seen. */
const VISIBLE = /[^\p{Z}\p{C}\p{M}]/u;

const ASCII_ONLY = /^[\x21-\x7e][\x20-\x7e]*$/;

/** What is wrong with a name for people, or undefined. */
export function displayNameProblem(name: string, maxCharacters: number): string | undefined {
  if (name.length <= maxCharacters && ASCII_ONLY.test(name)) return undefined;
  // A character is at most two UTF-16 units; this bounds the work below.
  if (name.length > 2 * maxCharacters || [...name].length > maxCharacters) {
    return `must be at most ${maxCharacters} characters`;
  }
  if (HARMFUL.test(name)) {
    return 'must not contain control characters, line breaks or writing-direction controls';
  }
  return VISIBLE.test(name) ? undefined : 'must contain a character that can be seen';
}
