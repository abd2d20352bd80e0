import type { Entry } from '../../domain/entry.js';
import type { RankingNo } from '../../domain/ids.js';
import type { ChangePage, Ranking, RankingRead, RankingView } from '../../domain/ranking.js';

/** Reads rankings: from the index, or from the store of record while the index is away. */
export interface RankingReader {
  /** Reads made in the same turn of the event loop share a round trip. @throws STORE_UNAVAILABLE, OVERLOADED */
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

/** A consistent answer from the store of record. */
export interface StoreView {
  readonly rows: readonly { readonly place: number; readonly entry: Entry }[];
  readonly totalPlayers: number;
}

/** Reads of rankings in the store of record. All methods throw STORE_UNAVAILABLE and `StoreTooSlow`. */
export interface EntryReads {
  /** How many entries the ranking has, but at most `limit`, which bounds the time it takes. */
  countUpTo(rankingNo: RankingNo, limit: number): Promise<number>;
  /**
   * Answers several reads exactly and from one snapshot. It takes one pass over the ranking or a few,
   * however many reads there are.
   */
  read(ranking: Ranking, reads: readonly RankingRead[]): Promise<StoreView[]>;
}

/** The store of record is there, but gave up a read because it took too long. */
export class StoreTooSlow extends Error {
  override readonly name = 'StoreTooSlow';
}
