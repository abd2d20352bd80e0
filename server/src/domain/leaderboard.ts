/** Settings of a leaderboard that decide on entries and their order. */
export interface LeaderboardSettings {
  readonly aggregation: Aggregation;
  readonly sortOrder: SortOrder;
  readonly subscoreSortOrder: SortOrder;
}

/** Numbers are those of `rostrum.v1.Aggregation` and are stored; never renumber. */
export const Aggregation = { BEST: 1, LATEST: 2, SUM: 3 } as const;
export type Aggregation = (typeof Aggregation)[keyof typeof Aggregation];

/** Numbers are those of `rostrum.v1.SortOrder` and are stored; never renumber. */
export const SortOrder = { DESCENDING: 1, ASCENDING: 2 } as const;
export type SortOrder = (typeof SortOrder)[keyof typeof SortOrder];

export const DEFAULT_SETTINGS: LeaderboardSettings = {
  aggregation: Aggregation.BEST,
  sortOrder: SortOrder.DESCENDING,
  subscoreSortOrder: SortOrder.DESCENDING,
};
