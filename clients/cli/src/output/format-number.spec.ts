import { describe, expect, it } from 'vitest';
import { formatBytes, formatDuration, formatPercent, formatScore } from './format-number.js';

describe('formatScore', () => {
  it.each([
    [0, '0'],
    [-0, '0'],
    [9007199254740990, '9007199254740990'],
    [-9007199254740991, '-9007199254740991'],
    [0.1, '0.1'],
    [1234.5678, '1234.5678'],
    [1e-7, '0.0000001'],
    [-1.25e-9, '-0.00000000125'],
  ])('writes %d as it is', (score, text) => {
    expect(formatScore(score)).toBe(text);
    expect(Number(formatScore(score))).toBe(score === 0 ? 0 : score);
  });

  it('keeps the exponent of numbers with hundreds of zeros', () => {
    expect(formatScore(5e-324)).toBe('5e-324');
  });
});

describe('other numbers', () => {
  it('never rounds a share up to all', () => {
    expect(formatPercent(99.999)).toBe('99.9');
    expect(formatPercent(100)).toBe('100');
    expect(formatPercent(33.333)).toBe('33.3');
  });

  it.each([
    [0.25, '250 µs'],
    [1.5, '1.50 ms'],
    [12.34, '12.3 ms'],
    [999, '999 ms'],
    [1500, '1.50 s'],
    [61_000, '1 min 1 s'],
    [3_600_000, '1 h'],
    [90_061_000, '1 d 1 h'],
  ])('writes %d ms as %s', (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text);
  });

  it('writes sizes', () => {
    expect([512, 1536, 5 * 2 ** 30].map(formatBytes)).toEqual(['512 B', '1.50 KiB', '5.00 GiB']);
  });
});
