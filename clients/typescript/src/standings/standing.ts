import type { JsonObject } from '../json.js';

/** The place of one player in one ranking. */
export interface Standing {
  /** From 1; 0 in the answer to a submission that is not ranked yet. */
  readonly rank: number;
  /** Whose place. */
  readonly playerId: string;
  /** Empty if none was ever given. */
  readonly displayName: string;
  /** The aggregate of the player's submissions. */
  readonly score: number;
  /** Decides between equal scores. */
  readonly subscore: number;
  /** The share of the other players who stand strictly lower, in percent, 0 to 100. */
  readonly percentile: number;
  /** How many submissions of the player the ranking has accepted. */
  readonly submissionCount: number;
  /** When the present score was reached, by the service's clock. */
  readonly achievedTime: Date | undefined;
  /** When the entry last changed, by the service's clock. */
  readonly updateTime: Date | undefined;
  /** The metadata of the submission that set the score. */
  readonly metadata: JsonObject | undefined;
}

/** A standing with its rank among the players asked for. */
export interface RelativeStanding extends Standing {
  /** The rank among the given players that have an entry, from 1. */
  readonly relativeRank: number;
}

/** Part of a ranking as of one revision. */
export interface StandingList {
  /** Best first. */
  readonly standings: readonly Standing[];
  /** How many players the ranking has. */
  readonly totalPlayers: number;
  /** Grows with every change; 0 when the answer comes from the store of record. */
  readonly revision: number;
}

/** One page of a ranking. */
export interface StandingPage extends StandingList {
  /** Empty on the last page. */
  readonly nextPageToken: string;
}

/**
 * The share of the other players who stand strictly lower, in percent, where every entry has a rank
 * of its own: 100 × (totalPlayers − rank) ÷ (totalPlayers − 1); 100 for a lone player.
 * Source: `rostrum.v1.Standing.percentile`.
 */
export function percentileOf(rank: number, totalPlayers: number): number {
  return totalPlayers <= 1 ? 100 : (100 * (totalPlayers - rank)) / (totalPlayers - 1);
}
