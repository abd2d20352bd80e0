import { expect, test } from 'vitest';
import { Histogram } from './histogram.js';

test('quantiles stay within one sixteenth of the true value', () => {
  const histogram = new Histogram();
  for (let value = 1; value <= 100_000; value += 1) histogram.record(value);
  for (const share of [0.01, 0.5, 0.9, 0.99, 0.999]) {
    const truth = 100_000 * share;
    expect(histogram.quantile(share)).toBeGreaterThanOrEqual(truth);
    expect(histogram.quantile(share)).toBeLessThanOrEqual(truth * (1 + 1 / 16));
  }
  expect(histogram.quantile(1)).toBe(100_000);
  expect(histogram.max).toBe(100_000);
  expect(histogram.count).toBe(100_000);
});

test('small values are exact, odd ones land at the ends of the range', () => {
  const histogram = new Histogram();
  for (const value of [-5, 0.4, 7.9, 31]) histogram.record(value);
  expect([0.25, 0.5, 0.75, 1].map((share) => histogram.quantile(share))).toEqual([0, 0, 7, 31]);
  histogram.record(Number.POSITIVE_INFINITY);
  expect(histogram.max).toBe(2 ** 31 - 1);
  expect(histogram.quantile(1)).toBe(2 ** 31 - 1);
  histogram.record(Number.NaN);
  expect(histogram.quantile(0.1)).toBe(0);
});

test('an empty one reads as zero', () => {
  expect(new Histogram().quantile(0.99)).toBe(0);
});
