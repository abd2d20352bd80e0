import type { BoardNo, LeaderboardId, RankingNo } from '../../domain/ids.js';
import type { LeaderboardSettings, SortOrder } from '../../domain/leaderboard.js';

/** The configuration of a leaderboard that its admins choose. */
export interface LeaderboardConfig {
  readonly displayName: string;
  readonly settings: LeaderboardSettings;
  /** JSON; null if there is none. */
  readonly metadata: string | null;
}

/** A leaderboard as the store of record holds it. */
export interface Leaderboard extends LeaderboardConfig {
  readonly leaderboardId: LeaderboardId;
  /** Microseconds since 1970. */
  readonly createUs: number;
  /** Microseconds since 1970. */
  readonly updateUs: number;
}

/** Changes of a leaderboard; what is absent stays as it is. */
export interface LeaderboardPatch {
  readonly displayName?: string;
  /** JSON; null removes it. */
  readonly metadata?: string | null;
  readonly aggregation?: LeaderboardSettings['aggregation'];
  readonly sortOrder?: SortOrder;
  readonly subscoreSortOrder?: SortOrder | 'asSortOrder';
}

/** `notEmpty`: it has entries, and the patch would change their order. */
export type LeaderboardUpdated = 'missing' | 'updated' | 'notEmpty';

/** The leaderboards in the store of record. All methods throw STORE_UNAVAILABLE. */
export interface LeaderboardStore {
  /** False if there is one with this id. */
  create(leaderboardId: LeaderboardId, config: LeaderboardConfig): Promise<boolean>;
  find(leaderboardId: LeaderboardId): Promise<Leaderboard | undefined>;
  /** By ascending id, after `afterId` ('' for the first). */
  list(afterId: string, limit: number): Promise<Leaderboard[]>;
  /** All or nothing, and safe against concurrent submissions. */
  update(leaderboardId: LeaderboardId, patch: LeaderboardPatch): Promise<LeaderboardUpdated>;
  /** False if there is no such leaderboard. */
  delete(leaderboardId: LeaderboardId): Promise<boolean>;
}

/** Removed rankings whose data is still stored. */
export interface Purge {
  readonly purgeNo: number;
  /** Undefined if the leaderboard still exists: then its submissions stay. */
  readonly boardNo: BoardNo | undefined;
  readonly rankingNos: readonly RankingNo[];
}

/** What deleted leaderboards left in the store of record. All methods throw STORE_UNAVAILABLE. */
export interface PurgeStore {
  /** Runs `work` unless another process is purging; then returns undefined at once. */
  exclusively<T>(work: () => Promise<T>): Promise<T | undefined>;
  /** The numbers of all purges, at most `limit`, oldest first. */
  waiting(limit: number): Promise<number[]>;
  /** Those of these purges that are still waiting, oldest first. */
  pending(purgeNos: readonly number[]): Promise<Purge[]>;
  /**
   * Removes entries by ascending player id after `afterPlayerId` ('' for the first), at most
   * `limit`. Returns the last player removed; undefined if fewer than `limit` were left.
   */
  removeEntries(
    rankingNo: RankingNo,
    afterPlayerId: string,
    limit: number,
  ): Promise<string | undefined>;
  /** How many blocks of the submission log must be searched. */
  submissionBlocks(): Promise<number>;
  /** Removes the submissions of some leaderboards from `count` blocks, beginning with `first`. */
  removeSubmissions(boardNos: readonly BoardNo[], first: number, count: number): Promise<void>;
  /** Records that purges are complete. */
  finish(purgeNos: readonly number[]): Promise<void>;
}

/** What deleted leaderboards left in the index. */
export interface PurgeIndex {
  /**
   * Removes a ranking from the index; false if its index is being built now: try again.
   * @throws IndexUnavailable, STORE_UNAVAILABLE
   */
  remove(rankingNo: RankingNo): Promise<boolean>;
}
