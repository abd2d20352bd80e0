import { describe, expect, it } from 'vitest';
import { splitLine } from './split-line.js';

describe('splitLine', () => {
  it.each([
    ['top arena -n 5', ['top', 'arena', '-n', '5']],
    ['  spaced\tout  ', ['spaced', 'out']],
    [`submit a b 1 --name "Ada L."`, ['submit', 'a', 'b', '1', '--name', 'Ada L.']],
    [`--metadata '{"replay": "r-1"}'`, ['--metadata', '{"replay": "r-1"}']],
    [`--name ''`, ['--name', '']],
    [String.raw`a\ b "c\"d" 'e\f'`, ['a b', 'c"d', String.raw`e\f`]],
    ['', []],
  ])('splits %s', (line, words) => {
    expect(splitLine(line)).toEqual(words);
  });

  it('refuses a quote that is not closed', () => {
    expect(() => splitLine(`submit "a`)).toThrow('The quote " is not closed.');
  });
});
