import { expect, it, describe as suite } from 'vitest';
import { RostrumError } from './errors.js';
import { describe, isId, parsePlayerId } from './ids.js';

suite('an id', () => {
  it.each(['a', '0', 'player-1', 'A.b_c:d-e', 'NULL', '__proto__'.slice(2), 'x'.repeat(128)])(
    'may be %s',
    (id) => {
      expect(isId(id)).toBe(true);
    },
  );

  it.each([
    ['empty', ''],
    ['too long', 'x'.repeat(129)],
    ['followed by a line break', 'abc\n'],
    ['spaced', 'a b'],
    ['begun with a dot', '.a'],
    ['accented', 'zoë'],
    ['decomposed', 'zoe\u0308'],
    ['Cyrillic that looks Latin', '\u0430bc'],
    ['full-width', '\uff41bc'],
    ['with a zero-width joiner', 'a\u200db'],
    ['with a right-to-left override', 'a\u202eb'],
    ['with a dotless i', '\u0131d'],
    ['an emoji', '🏆'],
    ['with NUL', 'a\0b'],
    ['with a slash', 'a/b'],
    ['with braces, which Redis would take for a hash tag', '{a}'],
  ])('must not be %s', (_, id) => {
    expect(isId(id)).toBe(false);
  });

  it('is named in the error with what was wrong, harmless to a terminal and not too long', () => {
    const error = (() => {
      try {
        return parsePlayerId(`\u001b[2J${'x'.repeat(1000)}`);
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toBeInstanceOf(RostrumError);
    expect((error as RostrumError).reason).toBe('INVALID_FIELD');
    expect((error as RostrumError).message).toMatch(/^player_id: "\\u001b\[2Jx{36}…" must be/);
    expect(describe('')).toBe('is empty and');
  });
});
