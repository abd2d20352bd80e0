import { status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { MethodStatsRegistry } from './method-stats.js';

test('methods are listed busiest first, with calls, errors, codes and times', () => {
  const registry = new MethodStatsRegistry();
  const quiet = registry.of('/a/Quiet');
  const busy = registry.of('/a/Busy');
  quiet.opened();
  for (const [code, tookMs] of [
    [status.OK, 1],
    [status.CANCELLED, 2],
    [status.NOT_FOUND, 3],
  ] as const) {
    busy.opened();
    busy.ended(code, tookMs);
  }
  const [first, second] = registry.snapshot();
  expect(first).toMatchObject({ method: '/a/Busy', calls: 3, errors: 1, cancelled: 1, open: 0 });
  expect(first?.codes).toEqual({ OK: 1, CANCELLED: 1, NOT_FOUND: 1 });
  expect(first?.maxMs).toBe(3);
  expect(first?.p50Ms).toBeGreaterThanOrEqual(2);
  expect(first?.p50Ms).toBeLessThan(2.2);
  expect(second).toMatchObject({ method: '/a/Quiet', calls: 0, open: 1, p99Ms: 0 });
});

test('a stream is counted and not timed', () => {
  const registry = new MethodStatsRegistry();
  const stats = registry.of('/a/Watch');
  stats.opened();
  stats.ended(status.OK, undefined);
  expect(stats.snapshot()).toMatchObject({ calls: 1, errors: 0, maxMs: 0 });
  expect(registry.of('/a/Watch')).toBe(stats);
});

test('the codes are those of gRPC', () => {
  const stats = new MethodStatsRegistry().of('/a/All');
  const codes = Object.entries(status).filter(([, code]) => typeof code === 'number');
  for (const [, code] of codes) stats.ended(code as number, undefined);
  expect(Object.keys(stats.snapshot().codes)).toEqual(codes.map(([name]) => name));
});
