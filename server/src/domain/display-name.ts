/**
 * What could forge or break a line of text: control characters, line and paragraph separators,
 * controls of writing direction, code points that are no characters, and halves of surrogate pairs.
 */
const HARMFUL = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\p{Noncharacter_Code_Point}\u202a-\u202e\u2066-\u2069]/u;

/**
 * At least one character that can be seen. Unicode calls some letters, such as the Hangul fillers,
 * ignorable; the four at the end are symbols and letters that are blank by their names.
 */
const VISIBLE =
  /[^\p{White_Space}\p{Z}\p{C}\p{M}\p{Default_Ignorable_Code_Point}\u2800\u{1d159}\u{13441}\u{13442}]/u;

/** Marks that take no place of their own, so that any number of them fits onto one letter. */
const STACKING_MARK = /[\p{Mn}\p{Me}]/u;

/** Characters that are not seen: one between two marks does not end the letter. */
const UNSEEN = /[\p{Cf}\p{Default_Ignorable_Code_Point}]/u;

/** Names in Hebrew with all signs, or in Tibetan, take up to six. */
const MAX_MARKS = 8;

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
  if (!VISIBLE.test(name)) return 'must contain a character that can be seen';
  return mostMarks(name) > MAX_MARKS
    ? `must have at most ${MAX_MARKS} combining marks on one letter`
    : undefined;
}

/** The most marks that one letter carries. */
function mostMarks(name: string): number {
  let most = 0;
  let marks = 0;
  for (const character of name) {
    if (STACKING_MARK.test(character)) {
      marks += 1;
      most = Math.max(most, marks);
    } else if (!UNSEEN.test(character)) {
      marks = 0;
    }
  }
  return most;
}
