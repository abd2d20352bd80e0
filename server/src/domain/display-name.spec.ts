import { describe, expect, it } from 'vitest';
import { displayNameProblem } from './display-name.js';

describe('a display name', () => {
  it.each(['Ada', 'Zoë', '李小龍', '🏆 Winner', 'a b', 'x', 'نور', '👩‍👩‍👧', '🏆'.repeat(64)])(
    'may be %s',
    (name) => {
      expect(displayNameProblem(name, 64)).toBeUndefined();
    },
  );

  it.each([
    ['a keycap', '1\ufe0f\u20e3'],
    ['the flag of Scotland', '🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}'],
    ['a heart', '❤\ufe0f'],
    ['Hangul jamo with a filler', '\u115f\u1161\u11a8'],
    ['Vietnamese, decomposed', 'Nguye\u0302\u0303n'],
    ['Hebrew with vowels and accents', '\u05d1\u05bc\u05b0\u0591'],
    ['Thai', '\u0e17\u0e35\u0e48'],
    ['Burmese', '\u1000\u103c\u103d\u103e\u102d\u102f\u1036\u1037'],
    ['a Tibetan stack', '\u0f67\u0fb9\u0fa8\u0fb3\u0fba\u0fbc\u0fbb\u0f82'],
    ['8 marks on each letter', `a${'\u0301'.repeat(8)}`.repeat(7)],
  ])('may be %s', (_, name) => {
    expect(displayNameProblem(name, 64)).toBeUndefined();
  });

  it.each([
    ['65 characters', 'x'.repeat(65)],
    ['a megabyte', 'x'.repeat(1 << 20)],
    ['a line break', 'a\nb'],
    ['NUL', 'a\0b'],
    ['an escape sequence', '\u001b[31mred'],
    ['a C1 control', 'a\u0085b'],
    ['a line separator', 'a\u2028b'],
    ['a right-to-left override', 'gnp\u202eexe'],
    ['an isolate', 'a\u2066b'],
    ['half a surrogate pair', 'a\ud83c'],
    ['a noncharacter', 'a\uffffb'],
    ['only spaces', '   '],
    ['only a zero-width space', '\u200b'],
    ['only a combining mark', '\u0301'],
    ['only a no-break space', '\u00a0'],
    ['only a Hangul filler', '\u3164'],
    ['only a half-width Hangul filler', '\uffa0'],
    ['only Hangul fillers of consonant and vowel', '\u115f\u1160'],
    ['only a braille blank', '\u2800'],
    ['only an ideographic space', '\u3000'],
    ['only a blank hieroglyph', '\u{13441}'],
    ['only a null notehead', '\u{1d159}'],
    ['only a variation selector', '\ufe0f'],
    ['only tag characters', '\u{e0041}\u{e0042}'],
    ['only private use', '\ue000'],
    ['only marks on a filler', '\u3164\u0301\u0301'],
    ['only a mix of what cannot be seen', ' \u200d\u3164\u00ad\u2800\ufeff'],
    ['63 marks on a letter', `a${'\u0301'.repeat(63)}`],
    ['9 marks on a letter', `a${'\u0301'.repeat(9)}`],
    ['9 enclosing marks on a letter', `xa${'\u20dd'.repeat(9)}y`],
    ['marks around joiners on a letter', `a${'\u0301\u200d\u0302\u034f'.repeat(5)}`],
  ])('must not be %s', (_, name) => {
    expect(displayNameProblem(name, 64)).toMatch(/^must/);
  });
});

it("the limit counts characters, not UTF-16 units, and is the caller's", () => {
  expect(displayNameProblem('🏆'.repeat(128), 128)).toBeUndefined();
  expect(displayNameProblem('🏆'.repeat(129), 128)).toBe('must be at most 128 characters');
  expect(displayNameProblem('x'.repeat(128), 128)).toBeUndefined();
  expect(displayNameProblem('x'.repeat(129), 128)).toBe('must be at most 128 characters');
});
