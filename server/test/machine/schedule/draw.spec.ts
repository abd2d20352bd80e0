import { expect, test } from 'vitest';
import { drawSchedule } from './draw.ts';
import { FAULT_KINDS } from './schedule.ts';

const TEN_MINUTES = 600_000;

test('a seed always draws the same schedule, another seed another one', () => {
  const draw = (seed: number) => drawSchedule({ seed, durationMs: TEN_MINUTES });
  expect(draw(7)).toEqual(draw(7));
  expect(draw(7).faults).not.toEqual(draw(8).faults);
});

test('all kinds of faults come up, and all are over before the end', () => {
  const faults = [1, 2, 3, 4].flatMap(
    (seed) => drawSchedule({ seed, durationMs: TEN_MINUTES }).faults,
  );
  expect(new Set(faults.map(({ kind }) => kind))).toEqual(new Set(FAULT_KINDS));
  for (const { at, lasts } of faults) expect(at + lasts).toBeLessThan(TEN_MINUTES);
});

test('at most two faults are on at a time, and sometimes two are', () => {
  const { faults } = drawSchedule({ seed: 3, durationMs: TEN_MINUTES });
  const on = faults.map(
    ({ at }) => faults.filter((other) => other.at <= at && at < other.at + other.lasts).length,
  );
  expect(Math.max(...on)).toBe(2);
});

test('only the kinds that were asked for are drawn', () => {
  const kinds = ['redis-flush', 'certificates'] as const;
  const { faults } = drawSchedule({ seed: 3, durationMs: TEN_MINUTES, kinds });
  expect(new Set(faults.map(({ kind }) => kind))).toEqual(new Set(kinds));
  expect(drawSchedule({ seed: 3, durationMs: TEN_MINUTES, kinds: [] }).faults).toEqual([]);
});
