import { expect, test } from 'vitest';
import { LineLimit } from './line-limit.js';

const ALLOWANCE = { lines: 20, periodMs: 1_000 };

test('a flood is written in part, and the rest is counted', () => {
  let now = 5_000;
  const limit = new LineLimit(() => now);
  const flood = Array.from({ length: 500 }, () => limit.admit('flood', ALLOWANCE));
  expect(flood.filter((each) => each === 0)).toHaveLength(20);
  expect(flood.filter((each) => each === undefined)).toHaveLength(480);
  expect(limit.admit('another', ALLOWANCE)).toBe(0);
  now += 1_000;
  expect([limit.admit('flood', ALLOWANCE), limit.admit('flood', ALLOWANCE)]).toEqual([480, 0]);
});

test('messages that are made up share one limit', () => {
  const limit = new LineLimit(() => 0);
  const admitted = Array.from({ length: 5_000 }, (_, at) =>
    limit.admit(`made up ${at}`, ALLOWANCE),
  );
  expect(admitted.filter((each) => each !== undefined)).toHaveLength(1_020);
});

test('each kind has an allowance of its own', () => {
  let now = 0;
  const limit = new LineLimit(() => now);
  const once = { lines: 1, periodMs: 60_000 };
  expect([limit.admit('away', once), limit.admit('away', once)]).toEqual([0, undefined]);
  now = 59_999;
  expect(limit.admit('away', once)).toBe(undefined);
  now = 60_000;
  expect(limit.admit('away', once)).toBe(2);
});
