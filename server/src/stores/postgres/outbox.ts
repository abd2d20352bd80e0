import type { PlayerId, RankingNo } from '../../domain/ids.js';
import type { Outbox, OutboxBatch, Settlement } from '../../features/rankings/ports.js';
import { numberArray } from './array-literal.js';
import type { Database } from './database.js';
import { statement } from './sql-file.js';

const PENDING = statement('pending_outbox');
const COUNT = statement('count_outbox');
const SETTLE = statement('settle_outbox');
const APPLY_RENAME = statement('apply_rename');

/** The outbox in PostgreSQL. */
export class PostgresOutbox implements Outbox {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async pending(afterId: number, limit: number, minAgeMs: number): Promise<OutboxBatch[]> {
    const { rows } = await this.#database.query<{
      outbox_id: string;
      ranking_nos: string[];
      player_ids: string[];
    }>(PENDING, [afterId, limit, minAgeMs]);
    return rows.map((row) => ({
      outboxId: Number(row.outbox_id),
      keys: row.ranking_nos.map((rankingNo, index) => ({
        rankingNo: Number(rankingNo) as RankingNo,
        playerId: row.player_ids[index] as PlayerId,
      })),
    }));
  }

  async count(): Promise<number> {
    const { rows } = await this.#database.query<{ count: string }>(COUNT, []);
    return Number(rows[0]?.count);
  }

  async settle(settlements: readonly Settlement[]): Promise<RankingNo[]> {
    const confirmations = settlements.flatMap(({ outboxId, confirmations }) =>
      confirmations.map((confirmation) => ({ outboxId, ...confirmation })),
    );
    const { rows } = await this.#database.query<{ ranking_no: string }>(SETTLE, [
      numberArray(settlements.map((settlement) => settlement.outboxId)),
      numberArray(confirmations.map((confirmation) => confirmation.outboxId)),
      numberArray(confirmations.map((confirmation) => confirmation.rankingNo)),
      numberArray(confirmations.map((confirmation) => confirmation.epoch)),
      numberArray(confirmations.map((confirmation) => confirmation.revision)),
    ]);
    return rows.map((row) => Number(row.ranking_no) as RankingNo);
  }

  async applyRename(): Promise<boolean> {
    const { rows } = await this.#database.query<{ renamed: boolean }>(APPLY_RENAME, []);
    return rows[0]?.renamed === true;
  }
}
