import fc from 'fast-check';
import { AGGREGATIONS, type BoardSettings } from './naive-board.js';

/** A submission in the abstract: numbers choose from what the run has so far. */
export interface AbstractSubmission {
  readonly player: number;
  readonly score: number;
  readonly subscore: number;
  /** Minutes after a fixed moment; undefined: no client time. */
  readonly time: number | undefined;
  readonly name: number | undefined;
  readonly metadata: number | undefined;
  /** Sends an earlier submission again, `same` as it was or with another score. */
  readonly again: { readonly pick: number; readonly same: boolean } | undefined;
}

export type AbstractStep =
  | {
      readonly kind: 'submit';
      readonly by: 'unary' | 'batch' | 'stream';
      readonly submissions: readonly AbstractSubmission[];
    }
  | { readonly kind: 'list'; readonly start: number; readonly count: number }
  | { readonly kind: 'around'; readonly player: number; readonly count: number }
  | { readonly kind: 'aroundScore'; readonly score: number; readonly count: number }
  | { readonly kind: 'batchGet'; readonly players: readonly number[] }
  /** The player leaves the ranking, or returns. */
  | { readonly kind: 'setRanked'; readonly player: number; readonly ranked: boolean };

/** How many different players a run has: few enough that they meet, and that ties abound. */
export const PLAYERS = 24;

const smallScore = fc.constantFrom(-2, -1, -0, 0, 0.5, 1, 1, 2, 3, 3, 1e-300);
/** At the ends of the range, where sums leave it. */
const bigScore = fc.constantFrom(2 ** 53 - 1, 1 - 2 ** 53, 2 ** 53 - 2, 2 - 2 ** 53, 2 ** 52);
const score = fc.oneof({ weight: 12, arbitrary: smallScore }, { weight: 1, arbitrary: bigScore });
const player = fc.nat(PLAYERS - 1);
const count = fc.oneof(fc.integer({ min: 1, max: 2 * PLAYERS }), fc.constantFrom(1, 2, 1000));
/** In one of `n` cases there is a value. */
const oneIn = <T>(n: number, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: n - 1, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });

const submission: fc.Arbitrary<AbstractSubmission> = fc.record({
  player,
  score,
  subscore: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: score }),
  time: fc.oneof(
    { weight: 4, arbitrary: fc.nat(6) },
    { weight: 1, arbitrary: fc.constant(undefined) },
  ),
  name: oneIn(4, fc.nat(3)),
  metadata: oneIn(3, fc.nat(3)),
  again: oneIn(6, fc.record({ pick: fc.nat(), same: fc.boolean() })),
});

const step: fc.Arbitrary<AbstractStep> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('submit' as const),
      by: fc.constantFrom('unary' as const, 'batch' as const, 'stream' as const),
      submissions: fc.array(submission, { minLength: 1, maxLength: 20, size: 'max' }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('list' as const), start: player, count }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('around' as const), player, count }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('aroundScore' as const), score, count }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('batchGet' as const),
      players: fc.array(player, { minLength: 1, maxLength: 12 }),
    }),
  },
);

/** Long random sequences of submissions and reads of one board. */
export function sequences(length: number): fc.Arbitrary<AbstractStep[]> {
  return fc.array(step, { minLength: 1, maxLength: length, size: 'max' });
}

/** The same with players who leave and return. */
export function leavingSequences(length: number): fc.Arbitrary<AbstractStep[]> {
  const leavings = fc.record({
    kind: fc.constant('setRanked' as const),
    player,
    ranked: fc.boolean(),
  });
  const steps = fc.oneof({ weight: 2, arbitrary: step }, { weight: 1, arbitrary: leavings });
  return fc.array(steps, { minLength: length, maxLength: length, size: 'max' });
}

/** Every combination of aggregation and orders. */
export const ALL_SETTINGS: readonly BoardSettings[] = AGGREGATIONS.flatMap((aggregation) =>
  (['DESCENDING', 'ASCENDING'] as const).flatMap((sortOrder) =>
    (['DESCENDING', 'ASCENDING'] as const).map((subscoreSortOrder) => ({
      aggregation,
      sortOrder,
      subscoreSortOrder,
    })),
  ),
);

/** Multiplies the sizes of the random tests: 1 for every run of the suite, more for a long night. */
export const TEST_SCALE = Math.max(0.1, Number(process.env.ROSTRUM_TEST_SCALE ?? '1') || 1);
