import type { Entry } from '../../domain/entry.js';
import type { PlayerId, RankingNo } from '../../domain/ids.js';

/** The columns of rostrum.entries besides its key, as the driver returns them: bigint as text. */
export interface EntryColumns {
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

/** A row of rostrum.entries. */
export interface EntryRow extends EntryColumns {
  ranking_no: string;
  player_id: string;
}

export function toEntry(row: EntryRow): Entry {
  return entryOf(Number(row.ranking_no) as RankingNo, row.player_id as PlayerId, row);
}

export function entryOf(rankingNo: RankingNo, playerId: PlayerId, columns: EntryColumns): Entry {
  return {
    rankingNo,
    playerId,
    score: columns.score,
    subscore: columns.subscore,
    reached: Number(columns.reached),
    version: Number(columns.version),
    submissions: columns.submissions,
    achievedUs: Number(columns.achieved_us),
    updateUs: Number(columns.update_us),
    displayName: columns.display_name,
    metadata: columns.metadata,
    ranked: columns.ranked,
  };
}
