import type { Entry } from '../../domain/entry.js';
import type { PlayerId, RankingNo } from '../../domain/ids.js';

/** A row of rostrum.entries as the driver returns it: bigint columns are strings. */
export interface EntryRow {
  ranking_no: string;
  player_id: string;
  score: number;
  subscore: number;
  reached: string;
  version: string;
  submissions: number;
  achieved_us: string;
  update_us: string;
  display_name: string;
  metadata: string | null;
  ranked: boolean;
}

export function toEntry(row: EntryRow): Entry {
  return {
    rankingNo: Number(row.ranking_no) as RankingNo,
    playerId: row.player_id as PlayerId,
    score: row.score,
    subscore: row.subscore,
    reached: Number(row.reached),
    version: Number(row.version),
    submissions: row.submissions,
    achievedUs: Number(row.achieved_us),
    updateUs: Number(row.update_us),
    displayName: row.display_name,
    metadata: row.metadata,
    ranked: row.ranked,
  };
}
