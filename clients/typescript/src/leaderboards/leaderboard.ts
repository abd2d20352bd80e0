import type { EnumNames } from '../enum-names.js';
import type {
  Aggregation as AggregationEnum,
  RankMethod as RankMethodEnum,
  SortOrder as SortOrderEnum,
  TieBreak as TieBreakEnum,
} from '../gen/rostrum/v1/leaderboard.js';
import type { JsonObject } from '../json.js';

/** `DESCENDING`: the highest score has rank 1. `ASCENDING`: the lowest has, as for times. */
export type SortOrder = EnumNames<typeof SortOrderEnum, 'SORT_ORDER_'>;

/**
 * How the submissions of one player make one entry: the best of them, the one with the latest
 * `clientTime`, or their sum. `AVERAGE` and `COUNT` are planned.
 */
export type Aggregation = EnumNames<typeof AggregationEnum, 'AGGREGATION_'>;

/** Who stands higher at equal score and subscore. `LAST` is planned. */
export type TieBreak = EnumNames<typeof TieBreakEnum, 'TIE_BREAK_'>;

/** Which rank numbers equal scores get. `COMPETITION` and `DENSE` are planned. */
export type RankMethod = EnumNames<typeof RankMethodEnum, 'RANK_METHOD_'>;

/** What can be chosen for a leaderboard; all of it has defaults. */
export interface LeaderboardSettings {
  /** A name for people: up to 128 characters, one of which can be seen. Default: empty. */
  readonly displayName?: string | undefined;
  /** Default: `DESCENDING`. */
  readonly sortOrder?: SortOrder | undefined;
  /** Default: as `sortOrder`. */
  readonly subscoreSortOrder?: SortOrder | undefined;
  /** Default: `BEST`. */
  readonly aggregation?: Aggregation | undefined;
  /** Default: `FIRST`. */
  readonly tieBreak?: TieBreak | undefined;
  /** Default: `ORDINAL`. */
  readonly rankMethod?: RankMethod | undefined;
  /** Data of yours, returned as given: at most 4,096 bytes as JSON. */
  readonly metadata?: JsonObject | undefined;
}

export interface NewLeaderboard extends LeaderboardSettings {
  /** `[A-Za-z0-9][A-Za-z0-9._:-]{0,127}`. Cannot change. */
  readonly leaderboardId: string;
}

/** Changes to a leaderboard: the fields that are present are changed, the others stay. */
export interface LeaderboardUpdate extends LeaderboardSettings {
  readonly leaderboardId: string;
}

/** The configuration of a leaderboard. `UNKNOWN` stands for what only a newer client knows. */
export interface Leaderboard {
  readonly leaderboardId: string;
  readonly displayName: string;
  readonly sortOrder: SortOrder | 'UNKNOWN';
  readonly subscoreSortOrder: SortOrder | 'UNKNOWN';
  readonly aggregation: Aggregation | 'UNKNOWN';
  readonly tieBreak: TieBreak | 'UNKNOWN';
  readonly rankMethod: RankMethod | 'UNKNOWN';
  readonly metadata: JsonObject | undefined;
  readonly createTime: Date | undefined;
  readonly updateTime: Date | undefined;
}

/** One page of leaderboards, by ascending id. */
export interface LeaderboardPage {
  readonly leaderboards: readonly Leaderboard[];
  /** Empty on the last page. */
  readonly nextPageToken: string;
}
