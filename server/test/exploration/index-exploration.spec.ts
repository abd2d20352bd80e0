import { describe, expect, it } from 'vitest';
import { EARLIER_RULES } from './earlier-rules.ts';
import { explore } from './explore.ts';
import type { Budget, Rules } from './index-model.ts';
import { PRESENT_RULES } from './present-rules.ts';

const NOTHING: Budget = {
  crashes: 0,
  flushes: 0,
  lostAnswers: 0,
  lostLocks: 0,
  moves: 0,
  patience: 0,
  returns: 0,
  total: 0,
};
/** One submission comes to each server. */
const OWNERS = [0, 1];

describe('no order of steps of two servers and two Redis loses or hides a submission', () => {
  it.each([
    ['a server dies', { crashes: 1, total: 1 }],
    ['an answer is lost', { lostAnswers: 1, total: 1 }],
    ['Redis loses its data', { flushes: 1, total: 1 }],
    ['two servers find a failover at different times', { moves: 2, total: 2 }],
    ['one server finds a failover, and one dies', { moves: 1, crashes: 1, total: 2 }],
    ['Redis goes back to an earlier state', { returns: 1, total: 1 }],
    ['one server finds a failover, and an answer is lost', { moves: 1, lostAnswers: 1, total: 2 }],
  ])(
    'when, at any step, %s',
    (_, faults) => {
      const { states, counterexample } = explore(PRESENT_RULES, OWNERS, { ...NOTHING, ...faults });
      expect(counterexample).toBeUndefined();
      // Fewer would mean that the fault does not happen in the model.
      expect(states).toBeGreaterThan(explore(PRESENT_RULES, OWNERS, NOTHING).states);
    },
    300_000,
  );
});

it.each<[string, Partial<Rules>]>([
  ['serve', { hasGoneBack: () => false }],
  ['trust', { hasGoneBack: () => false, trustsConnections: false }],
])(
  'rules that do not notice that Redis goes back lose a submission (they %s)',
  (_, without) => {
    const rules = { ...PRESENT_RULES, ...without };
    const { counterexample } = explore(rules, OWNERS, { ...NOTHING, returns: 1, total: 1 });
    expect(counterexample?.steps).toContain('Redis 0 goes back, and all connections to it break');
  },
  120_000,
);

it('the earlier rules lose a submission when two servers find a failover at different times', () => {
  const faults = { ...NOTHING, moves: 2, total: 2 };
  const { counterexample } = explore(EARLIER_RULES, OWNERS, faults);
  expect(counterexample?.violation).toMatch(/may (serve|adopt) without submissions/);
}, 120_000);
