import type {
  ChangePage,
  Ranking,
  RankingRead,
  RankingSelector,
  RankingView,
} from '../../domain/ranking.js';

/** Finds the ranking that a caller means. */
export interface RankingDirectory {
  /**
   * @throws INVALID_FIELD, LEADERBOARD_NOT_FOUND, SEASON_NOT_FOUND, SEGMENT_NOT_FOUND,
   * NOT_SUPPORTED, STORE_UNAVAILABLE
   */
  resolve(selector: RankingSelector): Promise<Ranking>;
}

/** Reads rankings: from the index, or from the store of record while the index is away. */
export interface RankingReader {
  /** Reads waiting in the same turn of the event loop share one round trip. @throws STORE_UNAVAILABLE, OVERLOADED */
  read(ranking: Ranking, read: RankingRead): Promise<RankingView>;
}

/** Reads the index only; watches use it, because they need revisions. */
export interface RankingIndexReader {
  /** Undefined while the index is away or this ranking is being rebuilt. */
  tryRead(ranking: Ranking, read: RankingRead): Promise<RankingView | undefined>;

  /**
   * Changes after a revision, oldest first, at most about `limit`.
   * Undefined while the index is away or this ranking is being rebuilt.
   */
  tryReadChanges(
    ranking: Ranking,
    afterRevision: number,
    limit: number,
  ): Promise<ChangePage | undefined>;
}

/** Tells when rankings change, whichever server process changed them. */
export interface RankingSignals {
  /**
   * Calls `onSignal` soon after each change of the ranking, after a rebuild, and after the
   * connection to the index was lost and found again; several changes may come as one signal.
   * Signals say only that something may have changed: read to see what. Returns the way to stop.
   */
  subscribe(ranking: Ranking, onSignal: () => void): () => void;
}
