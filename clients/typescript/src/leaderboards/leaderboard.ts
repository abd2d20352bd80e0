import type { JsonObject } from '../json.js';

/** `DESCENDING`: the highest score has rank 1. `ASCENDING`: the lowest has, as for times. */
export type SortOrder = 'DESCENDING' | 'ASCENDING';

/**
 * How the submissions of one player make one entry: the best of them, the one with the latest
 * `clientTime`, or their sum.
 */
export type Aggregation = 'BEST' | 'LATEST' | 'SUM';

/**
 * The settings that decide who stands where. A submission can choose them for the leaderboard that
 * it creates; they can change as long as a leaderboard has no entries.
 */
export interface RankingRules {
  /** Default: `DESCENDING`. */
  readonly sortOrder?: SortOrder | undefined;
  /** The order between equal scores. Default: as `sortOrder`. */
  readonly subscoreSortOrder?: SortOrder | undefined;
  /** Default: `BEST`. */
  readonly aggregation?: Aggregation | undefined;
}

/** What can be chosen for a leaderboard; all of it has defaults. */
export interface LeaderboardSettings extends RankingRules {
  /** A name for people: up to 128 characters, one of which can be seen. Default: empty. */
  readonly displayName?: string | undefined;
  /** Data of yours, returned as given: at most 4,096 bytes of plain JSON; a Date or a Map is refused. */
  readonly metadata?: JsonObject | undefined;
}

/** A leaderboard to create. */
export interface NewLeaderboard extends LeaderboardSettings {
  /** `[A-Za-z0-9][A-Za-z0-9._:-]{0,127}`. Cannot change. */
  readonly leaderboardId: string;
}

/** Changes to a leaderboard: the fields that are present are changed, the others stay. */
export interface LeaderboardUpdate extends LeaderboardSettings {
  /** Which leaderboard. */
  readonly leaderboardId: string;
}

/** The configuration of a leaderboard. `UNKNOWN` stands for what only a newer client knows. */
export interface Leaderboard {
  /** What calls name it by. */
  readonly leaderboardId: string;
  /** A name for people; empty if it has none. */
  readonly displayName: string;
  /** Which scores stand higher. */
  readonly sortOrder: SortOrder | 'UNKNOWN';
  /** Which subscores stand higher, among equal scores. */
  readonly subscoreSortOrder: SortOrder | 'UNKNOWN';
  /** How the submissions of one player make one entry. */
  readonly aggregation: Aggregation | 'UNKNOWN';
  /** As it was given. */
  readonly metadata: JsonObject | undefined;
  /** When it was created, by the service's clock. */
  readonly createTime: Date | undefined;
  /** When its settings changed last, by the service's clock. */
  readonly updateTime: Date | undefined;
}

/** One page of leaderboards, by ascending id. */
export interface LeaderboardPage {
  /** By ascending id. */
  readonly leaderboards: readonly Leaderboard[];
  /** Empty on the last page. */
  readonly nextPageToken: string;
}
