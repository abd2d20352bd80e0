import { describe, expect, it } from 'vitest';
import { parseScore } from './parse-score.js';

describe('parseScore', () => {
  it.each([
    ['0', 0],
    ['-0', 0],
    ['+7', 7],
    ['-15.50', -15.5],
    ['.5', 0.5],
    ['1e3', 1000],
    ['0.1', 0.1],
    ['0.0000001', 1e-7],
    ['9007199254740991', 2 ** 53 - 1],
    ['-9007199254740991', 1 - 2 ** 53],
    ['9007199254740991.000', 2 ** 53 - 1],
  ])('reads %s', (text, score) => {
    expect(parseScore(text)).toBe(score);
  });

  it.each(['', '.', '-', 'NaN', 'Infinity', '0x10', '1_000', '1,000', ' 5', '5 ', '5e', '--5'])(
    'refuses %j, which is no decimal number',
    (text) => {
      expect(() => parseScore(text)).toThrow('is not a decimal number');
    },
  );

  it.each(['1,500', '1,5', ','])('says of %s that no comma can be in a number', (text) => {
    expect(() => parseScore(text)).toThrow('is not a decimal number: no comma can be in it');
  });

  it.each([
    '9007199254740992',
    '-9007199254740992',
    '9007199254740993',
    '9007199254740994',
    '-1e300',
    '1e999',
  ])('refuses %s as out of range', (text) => {
    expect(() => parseScore(text)).toThrow('±9007199254740991');
  });

  it.each([
    ['4503599627370497.3', '4503599627370497'],
    ['0.1000000000000000055', '0.1'],
    ['1e-400', '0'],
  ])('refuses %s instead of rounding it silently', (text, nearest) => {
    expect(() => parseScore(text)).toThrow(`the nearest is ${nearest}.`);
  });
});
