import { describe, expect, it } from 'vitest';
import { EARLIER_RULES } from './earlier-rules.ts';
import { explore } from './explore.ts';
import type { Budget } from './index-model.ts';
import { PRESENT_RULES } from './present-rules.ts';

const NOTHING: Budget = {
  crashes: 0,
  flushes: 0,
  lostAnswers: 0,
  lostLocks: 0,
  moves: 0,
  patience: 0,
  total: 0,
};
/** One submission comes to each server. */
const OWNERS = [0, 1];

describe('no order of steps of two servers and two Redis loses or hides a submission', () => {
  it.each([
    ['a server dies at any step', { crashes: 1, total: 1 }],
    ['the answer to any write is lost', { lostAnswers: 1, total: 1 }],
    ['a failover, seen by one server only', { moves: 1, total: 1 }],
  ])(
    'when %s',
    (_, faults) => {
      const { states, counterexample } = explore(PRESENT_RULES, OWNERS, { ...NOTHING, ...faults });
      expect(counterexample).toBeUndefined();
      expect(states).toBeGreaterThan(1_000);
    },
    120_000,
  );
});

it('the earlier rules lose a submission when two servers find a failover at different times', () => {
  const faults = { ...NOTHING, moves: 2, total: 2 };
  const { counterexample } = explore(EARLIER_RULES, OWNERS, faults);
  expect(counterexample?.violation).toMatch(/may (serve|adopt) without submissions/);
}, 120_000);
