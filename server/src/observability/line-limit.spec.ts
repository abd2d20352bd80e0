import { expect, test } from 'vitest';
import { LineLimit } from './line-limit.js';

test('a flood is written in part, and the rest is counted', () => {
  let now = 5_000;
  const limit = new LineLimit(() => now);
  const flood = Array.from({ length: 500 }, () => limit.admit('flood'));
  expect(flood.filter((each) => each === 0)).toHaveLength(20);
  expect(flood.filter((each) => each === undefined)).toHaveLength(480);
  expect(limit.admit('another')).toBe(0);
  now += 1_000;
  expect([limit.admit('flood'), limit.admit('flood')]).toEqual([480, 0]);
});

test('messages that are made up share one limit', () => {
  const limit = new LineLimit(() => 0);
  const admitted = Array.from({ length: 5_000 }, (_, at) => limit.admit(`made up ${at}`));
  expect(admitted.filter((each) => each !== undefined)).toHaveLength(1_020);
});
