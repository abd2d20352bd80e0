/** What became of a submission. Numbers are those of `rostrum.v1.Outcome` and are stored. */
export const Outcome = {
  APPLIED: 1,
  NOT_IMPROVED: 2,
  STALE: 3,
  DUPLICATE: 4,
} as const;
export type Outcome = (typeof Outcome)[keyof typeof Outcome];
