import type { Board } from '../../domain/board.js';
import type { Caller } from '../../domain/caller.js';
import type { Entry } from '../../domain/entry.js';
import type { LeaderboardId, PlayerId, SubmissionId } from '../../domain/ids.js';
import type { LeaderboardSettings } from '../../domain/leaderboard.js';
import type { Outcome } from '../../domain/outcome.js';
import type { Ranking } from '../../domain/ranking.js';

/** A submission that passed validation, bound to its board. */
export interface Submission {
  readonly board: Board;
  /** The rankings that it counts in; the first is the first of the board. */
  readonly rankings: Board['rankings'];
  readonly playerId: PlayerId;
  readonly submissionId: SubmissionId;
  readonly score: number;
  readonly subscore: number;
  /** Microseconds since 1970; null if none was given. */
  readonly clientUs: number | null;
  /** Empty: unchanged. */
  readonly displayName: string;
  /** JSON. */
  readonly metadata: string | null;
}

/** What a submission did to its player's entry in one ranking. */
export interface RecordedEntry {
  readonly ranking: Ranking;
  /** Null for a first entry. */
  readonly previousScore: number | null;
  /** The version of the entry before the submission; 0 for a first entry. */
  readonly previousVersion: number;
  /** The entry after the submission. */
  readonly entry: Entry;
  /** Whether this submission changed the entry. */
  readonly changed: boolean;
}

/** What the store of record did with one submission. The entry is that of its first ranking. */
export type Recorded =
  | (RecordedEntry & {
      readonly kind: 'recorded';
      readonly outcome: Outcome;
      /** Whether it had been recorded before, with this `outcome` and `previousScore`. */
      readonly replayed: boolean;
      /** The entries in the other rankings that it counts in. */
      readonly others: readonly RecordedEntry[];
    })
  /** A ranking no longer exists: the leaderboard was deleted, or has another in its place. */
  | { readonly kind: 'rankingGone' }
  /** The sum, in any of the rankings, would leave ±(2^53 - 1). */
  | { readonly kind: 'totalOutOfRange' };

export interface RecordedBatch {
  /** Names the batch in the outbox; undefined if no entry changed. */
  readonly outboxId: number | undefined;
  /** One for each submission, in the same order. */
  readonly results: readonly Recorded[];
}

/** The log of submissions and the entries, in the store of record. */
export interface SubmissionLog {
  /**
   * Records a batch, all or nothing, in one round trip. No two submissions of a batch may have the
   * same board, player and submission id.
   *
   * @param afterConflict whether the batch conflicted before; then it waits for others to finish
   * @throws STORE_UNAVAILABLE (it may or may not have been recorded), `BatchConflict`
   */
  record(batch: readonly Submission[], afterConflict: boolean): Promise<RecordedBatch>;
}

/** Nothing was recorded, because another transaction was in the way. Record it again. */
export class BatchConflict extends Error {
  override readonly name = 'BatchConflict';
}

/** Where a submission put its entry. Ranks are 1-based. */
export interface Placement {
  /** 0 if the player had no rank before. */
  readonly previousRank: number;
  readonly rank: number;
  readonly totalPlayers: number;
  readonly revision: number;
}

/** Brings recorded entries into the index. */
export interface EntryProjection {
  /** The bytes of the entry for answers, see `RankedRow.payload`. */
  encode(entry: Entry): Uint8Array;

  /**
   * Brings the entries of one batch into the index, in order, and reports once for each row where its
   * entry stands now; undefined while the index cannot tell. The entry then reaches it later by itself.
   * Never fails. Resolves when the next batch may come; a few rows may be reported later.
   */
  project(
    outboxId: number | undefined,
    rows: readonly {
      readonly ranking: Ranking;
      readonly entry: Entry;
      readonly payload: Uint8Array;
      readonly effect: 'first' | 'changed' | 'none';
      /** The version of the entry before; 0 for a first entry. */
      readonly previousVersion: number;
    }[],
    onPlaced: (row: number, placement: Placement | undefined) => void,
  ): Promise<void>;
}

/** Finds the leaderboards that submissions go to. */
export interface SubmissionTargets {
  /** The board as this process remembers it; it may no longer exist. */
  known(leaderboardId: LeaderboardId): Board | undefined;

  /**
   * Finds the board in the store of record, and creates the leaderboard with `settings` if there is none
   * and that is allowed. If many wait for that, callers take turns.
   *
   * @throws LEADERBOARD_NOT_FOUND, STORE_UNAVAILABLE, OVERLOADED
   */
  findOrCreate(
    leaderboardId: LeaderboardId,
    settings: LeaderboardSettings,
    caller: Caller,
  ): Promise<Board>;

  /** Forgets a leaderboard that turned out not to exist any more. */
  forget(leaderboardId: LeaderboardId): void;
}
