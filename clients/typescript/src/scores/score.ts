import type { RostrumError } from '../errors/rostrum-error.js';
import type { JsonObject } from '../json.js';
import type { RankingRules } from '../leaderboards/leaderboard.js';
import type { Standing } from '../standings/standing.js';

/**
 * What became of a submission:
 *
 * - `APPLIED`: it changed the entry.
 * - `NOT_IMPROVED`: recorded, and not better than the present score.
 * - `STALE`: recorded, and not newer than the present score of a `LATEST` leaderboard.
 * - `DUPLICATE`: not recorded: its `submissionId` was used before for a different submission.
 */
export type Outcome = 'APPLIED' | 'NOT_IMPROVED' | 'STALE' | 'DUPLICATE';

/** One score of one player, on a leaderboard that is known from elsewhere. */
export interface PlayerScore {
  /** `[A-Za-z0-9][A-Za-z0-9._:-]{0,127}`. An unknown player is created. */
  readonly playerId: string;
  /** Finite, within ±(2^53 - 1), `Number.MAX_SAFE_INTEGER`. */
  readonly score: number;
  /** Decides between equal scores. Finite, within ±(2^53 - 1), `Number.MAX_SAFE_INTEGER`. Default: 0. */
  readonly subscore?: number | undefined;
  /**
   * The idempotency key, unique for the player on the leaderboard. Sending it again returns the
   * recorded outcome. Default: a random UUID, kept through all retries of this call.
   */
  readonly submissionId?: string | undefined;
  /** When the score was made. Decides on `LATEST` leaderboards. Default: the time of arrival. */
  readonly clientTime?: Date | undefined;
  /** Sets the player's name: up to 64 characters, one of which can be seen. Default: unchanged. */
  readonly displayName?: string | undefined;
  /** Data that belongs to this score: at most 1,024 bytes of plain JSON; a Date or a Map is refused. */
  readonly metadata?: JsonObject | undefined;
}

/** One score of one player on one leaderboard. */
export interface ScoreSubmission extends PlayerScore {
  /** `[A-Za-z0-9][A-Za-z0-9._:-]{0,127}`. An unknown leaderboard is created. */
  readonly leaderboardId: string;
  /**
   * Settings in case this submission creates the leaderboard; ignored when it exists, without a
   * word. `client.leaderboard(id, rules)` tells of rules that an existing leaderboard contradicts.
   */
  readonly newLeaderboard?: RankingRules | undefined;
}

/** What became of one submission. */
export interface ScoreResult {
  /** `UNKNOWN` stands for an outcome that only a newer client knows. */
  readonly outcome: Outcome | 'UNKNOWN';
  /**
   * The player's standing after the submission. In a batch or stream its rank is as of this submission's
   * turn, before those that follow: for ranks after the match, use `batchGet`.
   */
  readonly standing: Standing;
  /** Undefined for a first entry, while `ranked` is false, and when `replayed`. */
  readonly previousRank: number | undefined;
  /** Undefined for a first entry. */
  readonly previousScore: number | undefined;
  /**
   * False while the index is being repaired: the score is durable, and `standing.rank` is 0. Also false for
   * a player who has left the ranking.
   */
  readonly ranked: boolean;
  /** The revision of the ranking that includes the submission; 0 while `ranked` is false. */
  readonly revision: number;
  /** Whether the submission had been recorded before and this answers a repetition. */
  readonly replayed: boolean;
  /** How many players the ranking has; 0 while `ranked` is false. */
  readonly totalPlayers: number;
}

/** The result of one submission among several: look at `ok`. */
export type ScoreItem =
  | { readonly ok: true; readonly result: ScoreResult; readonly error?: undefined }
  | { readonly ok: false; readonly error: RostrumError; readonly result?: undefined };

/** What became of one submission of `submitAll`. */
export type SubmittedScore<Submission = ScoreSubmission> = ScoreItem & {
  /** As it was given, with the id that it was sent with. */
  readonly submission: Submission;
};
