import { expect, test } from 'vitest';
import { MethodStatsRegistry } from './method-stats.js';

test('methods are listed busiest first, with calls, errors and times', () => {
  const registry = new MethodStatsRegistry();
  const quiet = registry.of('/a/Quiet');
  const busy = registry.of('/a/Busy');
  quiet.opened();
  for (const [end, tookMs] of [
    ['ok', 1],
    ['cancelled', 2],
    ['error', 3],
  ] as const) {
    busy.opened();
    busy.ended(end, tookMs);
  }
  const [first, second] = registry.snapshot();
  expect(first).toMatchObject({ method: '/a/Busy', calls: 3, errors: 1, cancelled: 1, open: 0 });
  expect(first?.maxMs).toBe(3);
  expect(first?.p50Ms).toBeGreaterThanOrEqual(2);
  expect(first?.p50Ms).toBeLessThan(2.2);
  expect(second).toMatchObject({ method: '/a/Quiet', calls: 0, open: 1, p99Ms: 0 });
});

test('a stream is counted and not timed', () => {
  const registry = new MethodStatsRegistry();
  const stats = registry.of('/a/Watch');
  stats.opened();
  stats.ended('ok', undefined);
  expect(stats.snapshot()).toMatchObject({ calls: 1, errors: 0, maxMs: 0 });
  expect(registry.of('/a/Watch')).toBe(stats);
});
