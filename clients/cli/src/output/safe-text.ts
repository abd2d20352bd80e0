const FIRST_CONTROL_PICTURE = 0x2400;
const DELETE_PICTURE = '\u2421';

// Everything that can move the cursor, reorder or hide text: controls, format characters and the
// two separators. Kept: the joiners (emoji, Persian, Indic), the tags (flags of regions) and the
// format characters of Arabic and Syriac that are visible.
const UNSAFE =
  /[[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]--[\u200c\u200d\u{e0020}-\u{e007f}\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2]]/gv;

/**
 * Returns `text` with every character that could command a terminal made visible instead: `␛` for
 * an escape, `\u{202e}` for a right-to-left override. Names and messages come from other people;
 * none of it goes to a terminal without this.
 */
export function safeText(text: string): string {
  return text.toWellFormed().replace(UNSAFE, (character) => {
    const codePoint = character.codePointAt(0) ?? 0;
    if (codePoint < 0x20) return String.fromCodePoint(FIRST_CONTROL_PICTURE + codePoint);
    if (codePoint === 0x7f) return DELETE_PICTURE;
    return `\\u{${codePoint.toString(16)}}`;
  });
}
