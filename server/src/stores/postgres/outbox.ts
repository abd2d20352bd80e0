import type { PlayerId, RankingNo } from '../../domain/ids.js';
import type { Outbox, OutboxBatch, Settlement } from '../../features/index/ports.js';
import { numberArray } from './array-literal.js';
import type { Database } from './database.js';
import { statement } from './sql-file.js';

const PENDING = statement('pending_outbox');
const LAST_BLOCK = statement('last_block');
const COUNT = statement('count_outbox');
const SETTLE = statement('settle_outbox');
const APPLY_RENAME = statement('apply_rename');

/** The outbox in PostgreSQL. */
export class PostgresOutbox implements Outbox {
  constructor(private readonly database: Database) {}

  async pending(afterId: number, throughId: number, limit: number): Promise<OutboxBatch[]> {
    const { rows } = await this.database.query<{
      outbox_id: string;
      ranking_nos: string[];
      player_ids: string[];
    }>(PENDING, [afterId, throughId, limit]);
    return rows.map((row) => ({
      outboxId: Number(row.outbox_id),
      keys: row.ranking_nos.map((rankingNo, index) => ({
        rankingNo: Number(rankingNo) as RankingNo,
        playerId: row.player_ids[index] as PlayerId,
      })),
    }));
  }

  async lastId(): Promise<number> {
    return Number(await this.database.value(LAST_BLOCK));
  }

  async count(): Promise<number> {
    return Number(await this.database.value(COUNT));
  }

  async settle(settlements: readonly Settlement[]): Promise<RankingNo[]> {
    const confirmations = settlements.flatMap(({ outboxId, confirmations }) =>
      confirmations.map((confirmation) => ({ outboxId, ...confirmation })),
    );
    const { rows } = await this.database.query<{ ranking_no: string }>(SETTLE, [
      numberArray(settlements.map((settlement) => settlement.outboxId)),
      numberArray(confirmations.map((confirmation) => confirmation.outboxId)),
      numberArray(confirmations.map((confirmation) => confirmation.rankingNo)),
      confirmations.map((confirmation) => confirmation.life),
      numberArray(confirmations.map((each) => (each.kind === 'written' ? each.revision : null))),
      numberArray(confirmations.map((each) => (each.kind === 'unserved' ? each.epoch : null))),
    ]);
    return rows.map((row) => Number(row.ranking_no) as RankingNo);
  }

  applyRename(): Promise<boolean> {
    return this.database.value(APPLY_RENAME);
  }
}
