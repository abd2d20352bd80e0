import type { BoardNo, LeaderboardId, PlayerId, RankingNo, SeasonNo } from './ids.js';
import type { LeaderboardSettings } from './leaderboard.js';

/** One ranking: a leaderboard, one of its seasons and one of its segments. */
export interface Ranking {
  readonly rankingNo: RankingNo;
  readonly boardNo: BoardNo;
  readonly seasonNo: SeasonNo;
  readonly leaderboardId: LeaderboardId;
  readonly settings: LeaderboardSettings;
}

/** Which ranking a caller means; an empty season is the current one, no segment the whole board. */
export interface RankingSelector {
  readonly leaderboardId: string;
  readonly seasonId: string;
  readonly segment: { readonly key: string; readonly value: string } | undefined;
}

/**
 * The rank that is shown at a place; 0 for no place. Ranks are ordinal: no two players share one.
 * A place is a position in the total order, from 1: pages, windows and views are made of places.
 */
export function rankAt(place: number): number {
  return place;
}

/**
 * One row of a ranking as the index holds it.
 *
 * `payload` is the encoded `rostrum.v1.Standing` without the fields that depend on the row's place
 * (rank, percentile, tier). It is encoded once, when the entry changes, and copied into every
 * answer; two rows with equal payloads, places and ranks are equal standings.
 */
export interface RankedRow {
  /** From 1. */
  readonly place: number;
  /** From 1. */
  readonly rank: number;
  readonly playerId: PlayerId;
  readonly score: number;
  readonly payload: Buffer;
}

/** What to read of a ranking. `start` is a place less one; counts are at least 1; no player is listed twice. */
export type RankingRead =
  | { readonly kind: 'range'; readonly start: number; readonly count: number }
  | { readonly kind: 'player'; readonly playerId: PlayerId }
  | { readonly kind: 'players'; readonly playerIds: readonly PlayerId[] }
  | { readonly kind: 'around'; readonly playerId: PlayerId; readonly count: number }
  | { readonly kind: 'aroundScore'; readonly score: number; readonly count: number };

/** Rows that a read asks for. */
export function rowsOf(read: RankingRead): number {
  switch (read.kind) {
    case 'player':
      return 1;
    case 'players':
      return read.playerIds.length;
    case 'range':
    case 'around':
    case 'aroundScore':
      return read.count;
  }
}

/** A consistent answer to a read: all rows as of one revision. */
export interface RankingView {
  /**
   * Rows best first, those of `players` in any order; `player`, `players` and `around` leave out
   * players without an entry.
   */
  readonly rows: readonly RankedRow[];
  readonly totalPlayers: number;
  /** The revision shown; 0 when the answer comes from the store of record. */
  readonly revision: number;
  /** The epoch of the index that answered; 0 when the answer comes from the store of record. */
  readonly epoch: number;
}

/** One change of a ranking, as the feed keeps it. */
export interface RankingChange {
  readonly revision: number;
  readonly playerId: PlayerId;
  /** From 1; 0 for a player who was not in the ranking. */
  readonly previousPlace: number;
  readonly previousRank: number;
  /** Only meaningful when `previousPlace` is not 0. */
  readonly previousScore: number;
  /** The row after the change. Undefined when the player left the ranking. */
  readonly row: RankedRow | undefined;
  /** How many players the ranking had after the change. */
  readonly totalPlayers: number;
}

/** Part of the feed of a ranking. */
export interface ChangePage {
  readonly epoch: number;
  /** The newest revision of the ranking when the page was read. */
  readonly revision: number;
  /** The oldest revision after which the feed can still be read completely. */
  readonly oldestRevision: number;
  /** Changes with revisions above the one asked for, oldest first; may end before `revision`. */
  readonly changes: readonly RankingChange[];
}
