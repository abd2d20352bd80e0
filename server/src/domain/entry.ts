import type { PlayerId, RankingNo } from './ids.js';

/** The current entry of one player in one ranking, as the store of record holds it. */
export interface Entry {
  readonly rankingNo: RankingNo;
  readonly playerId: PlayerId;
  readonly score: number;
  readonly subscore: number;
  /** When score and subscore were reached, on the scale of versions: the lower stands higher. */
  readonly reached: number;
  /** Grows with every change of the entry; unique in the whole store. */
  readonly version: number;
  /** How many submissions were accepted. */
  readonly submissions: number;
  /** Microseconds since 1970. */
  readonly achievedUs: number;
  /** Microseconds since 1970. */
  readonly updateUs: number;
  readonly displayName: string;
  /** False for a player who left the ranking: the entry is kept, and stands nowhere. */
  readonly ranked: boolean;
  /** JSON of the metadata of the submission that set the score. */
  readonly metadata: string | null;
}
