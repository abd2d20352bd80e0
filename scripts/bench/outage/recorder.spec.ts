import { expect, test } from 'vitest';
import type { Tally } from './messages.ts';
import { Recorder } from './recorder.ts';

const tally = (count: number, unranked = 0, failures = {}): Tally => ({
  latencies: Array.from({ length: count }, (_, index) => index + 1),
  unranked,
  failures,
});

/** A tick each 100 ms from 1000 on, of which each counts one more. */
function recorded(ticks: readonly Record<string, Tally>[]): Recorder {
  const recorder = new Recorder();
  ticks.forEach((tallies, index) => {
    const from = 1000 + 100 * index;
    recorder.add({ kind: 'tick', from, to: from + 100, tallies });
  });
  return recorder;
}

test('a stretch counts what was answered within it, by group', () => {
  const recorder = recorded(Array.from({ length: 30 }, () => ({ a: tally(10), b: tally(1) })));
  const { rate, p50, p99, max, slowestSecond } = recorder.stretch('a', 2000, 3500);
  expect({ rate, p50, max, slowestSecond }).toEqual({
    rate: 100,
    p50: 6,
    max: 10,
    slowestSecond: 100,
  });
  expect(p99).toBe(10);
  expect(recorder.stretch('b', 2000, 3500).rate).toBe(10);
  expect(recorder.stretch('c', 2000, 3500)).toMatchObject({ rate: 0, unranked: 0, failures: {} });
});

test('the slowest second is the one in which least was answered', () => {
  const ticks = Array.from({ length: 30 }, (_, index) => ({ a: tally(index === 14 ? 0 : 2) }));
  expect(recorded(ticks).stretch('a', 1000, 4000).slowestSecond).toBe(18);
});

test('answers without the index and failures are told', () => {
  const recorder = recorded([
    { a: tally(4) },
    { a: tally(4, 4, { 8: 1 }) },
    { a: tally(4, 2, { 8: 2, 14: 1 }) },
    { a: tally(4), b: tally(1, 1) },
  ]);
  const { unranked, failures } = recorder.stretch('a', 1000, 1400);
  expect(unranked).toBe(6 / 16);
  expect(failures).toEqual({ 8: 3, 14: 1 });
  expect(recorder.lastUnranked('a', 1000)).toBe(1300);
  expect(recorder.lastUnranked('a', 1300)).toBeUndefined();
  expect(recorder.lastRanked('a')).toBe(1400);
  expect(recorder.lastRanked('b')).toBeUndefined();
});
