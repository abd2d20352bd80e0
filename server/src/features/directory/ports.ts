import type { Board } from '../../domain/board.js';
import type { Caller } from '../../domain/caller.js';
import type { LeaderboardId } from '../../domain/ids.js';
import type { LeaderboardSettings } from '../../domain/leaderboard.js';
import type { Ranking, RankingSelector } from '../../domain/ranking.js';

/** Finds the ranking that a caller means. */
export interface RankingDirectory {
  /**
   * At once if the ranking is known, which it nearly always is; else when it is the caller's turn. Without
   * a caller, the server itself asks.
   *
   * @throws INVALID_FIELD, LEADERBOARD_NOT_FOUND, SEASON_NOT_FOUND, SEGMENT_NOT_FOUND,
   * NOT_SUPPORTED, STORE_UNAVAILABLE
   */
  resolve(selector: RankingSelector, caller?: Caller): Ranking | Promise<Ranking>;
}

/** Leaderboards and their rankings in the store of record. All methods throw STORE_UNAVAILABLE. */
export interface BoardStore {
  /** A leaderboard with its current rankings. */
  findBoard(leaderboardId: LeaderboardId): Promise<Board | undefined>;
  /** Makes a leaderboard with its season and ranking; if it exists already, nothing changes. */
  createDefault(leaderboardId: LeaderboardId, settings: LeaderboardSettings): Promise<Board>;
}
