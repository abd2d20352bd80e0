import { describe, expect, it } from 'vitest';
import { parseDuration } from './parse-duration.js';
import { integerBetween, numberBetween } from './parse-integer.js';

describe('option values', () => {
  it.each([
    ['500ms', 500],
    ['5s', 5000],
    ['5', 5000],
    ['1.5s', 1500],
    ['2m', 120_000],
  ])('reads the duration %s', (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds);
  });

  it.each(['0', '-1s', '5 s', '5h', '', 'fast', '99999999'])('refuses the duration %j', (text) => {
    expect(() => parseDuration(text)).toThrow('Give a duration');
  });

  it('reads whole numbers within their range only', () => {
    const parse = integerBetween(1, 1000);
    expect(parse('1000')).toBe(1000);
    for (const text of ['0', '1001', '1.5', '1e2', 'ten', '']) {
      expect(() => parse(text)).toThrow('from 1 to 1000');
    }
  });

  it('reads numbers within their range only', () => {
    const parse = numberBetween(0, 1);
    expect(parse('0.25')).toBe(0.25);
    for (const text of ['1.1', '-0.1', '', 'half'])
      expect(() => parse(text)).toThrow('from 0 to 1');
  });
});
