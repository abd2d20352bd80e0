import { describe, expect, it } from 'vitest';
import { Times } from './times.js';

describe('measured times', () => {
  it('tell percentiles to three digits', () => {
    const times = new Times();
    for (let milliseconds = 1; milliseconds <= 1000; milliseconds++) times.record(milliseconds);
    const { count, p50, p95, p99, max } = times.spread();
    expect(count).toBe(1000);
    for (const [measured, exact] of [
      [p50, 500],
      [p95, 950],
      [p99, 990],
      [max, 1000],
    ] as const) {
      expect(Math.abs(measured / exact - 1)).toBeLessThan(0.002);
    }
  });

  it('are zeros before the first one', () => {
    expect(new Times().spread()).toEqual({ count: 0, p50: 0, p95: 0, p99: 0, max: 0 });
  });
});
