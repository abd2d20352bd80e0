import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, inject, test } from 'vitest';
import { describeOutcome, describeSchedule } from '../machine/report.ts';
import { runSchedule } from '../machine/run.ts';
import { drawSchedule } from '../machine/schedule/draw.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
/** Of load; starting, healing and judging come on top. */
const DURATION_MS = 60_000;
/** Draws most kinds of faults, a failover that servers find at different times among them. */
const FIXED_SEED = 7_801;

test('the fixed seed still draws what it was chosen for', () => {
  const { faults } = drawSchedule({ seed: FIXED_SEED, durationMs: DURATION_MS });
  const kinds = new Set(faults.map(({ kind }) => kind));
  expect(kinds).toContain('redis-failover');
  expect(kinds.size).toBeGreaterThanOrEqual(6);
});

/** Longer runs: `npm run test:faults -- --minutes 10`. */
const SEEDS: [string, number][] = [
  ['a fixed seed', FIXED_SEED],
  ['a random seed', 1 + Math.floor(Math.random() * 1_000_000)],
];

test.each(SEEDS)(
  'whatever breaks, by a schedule drawn from %s, every promise is kept: %i',
  async (_, seed) => {
    const schedule = drawSchedule({ seed, durationMs: DURATION_MS });
    const artifacts = join(inject('temporaryDirectory'), 'machine');
    const outcome = await runSchedule({ root: ROOT, schedule, artifacts });
    expect(
      outcome.findings.length,
      [
        ...describeSchedule(schedule),
        ...describeOutcome(outcome),
        `again: npm run test:faults -- --minutes ${DURATION_MS / 60_000} --seed ${seed} --shrink`,
      ].join('\n'),
    ).toBe(0);
    expect(outcome.acknowledged).toBeGreaterThan(500);
    expect(outcome.reads).toBeGreaterThan(200);
  },
  300_000,
);
