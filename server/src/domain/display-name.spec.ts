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
