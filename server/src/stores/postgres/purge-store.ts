import type { BoardNo, RankingNo } from '../../domain/ids.js';
import type { Purge, PurgeStore } from '../../features/leaderboards/ports.js';
import { numberArray } from './array-literal.js';
import type { Database } from './database.js';
import { SESSION_LOCKS } from './session-lock.js';
import { statement } from './sql-file.js';

const WAITING = statement('waiting_purges');
const PENDING = statement('pending_purges');
const REMOVE_ENTRIES = statement('purge_entries');
const SUBMISSION_BLOCKS = statement('submission_blocks');
const REMOVE_SUBMISSIONS = statement('purge_submissions');
const FINISH = statement('finish_purges');

/** What deleted leaderboards left behind in PostgreSQL. */
export class PostgresPurgeStore implements PurgeStore {
  constructor(private readonly database: Database) {}

  exclusively<T>(work: () => Promise<T>): Promise<T | undefined> {
    return this.database.whileLocked(SESSION_LOCKS.purges, work);
  }

  async waiting(limit: number): Promise<number[]> {
    const { rows } = await this.database.query<{ purge_no: string }>(WAITING, [limit]);
    return rows.map((row) => Number(row.purge_no));
  }

  async pending(purgeNos: readonly number[]): Promise<Purge[]> {
    const { rows } = await this.database.query<{
      purge_no: string;
      board_no: string | null;
      ranking_nos: string[];
    }>(PENDING, [numberArray(purgeNos)]);
    return rows.map((row) => ({
      purgeNo: Number(row.purge_no),
      boardNo: row.board_no === null ? undefined : (Number(row.board_no) as BoardNo),
      rankingNos: row.ranking_nos.map((text) => Number(text) as RankingNo),
    }));
  }

  async removeEntries(
    rankingNo: RankingNo,
    afterPlayerId: string,
    limit: number,
  ): Promise<string | undefined> {
    const values = [rankingNo, afterPlayerId, limit];
    return (await this.database.value<string | null>(REMOVE_ENTRIES, values)) ?? undefined;
  }

  async submissionBlocks(): Promise<number> {
    return Number(await this.database.value(SUBMISSION_BLOCKS));
  }

  async removeSubmissions(
    boardNos: readonly BoardNo[],
    first: number,
    count: number,
  ): Promise<void> {
    await this.database.query(REMOVE_SUBMISSIONS, [
      `(${first},0)`,
      `(${first + count},0)`,
      numberArray(boardNos),
    ]);
  }

  async finish(purgeNos: readonly number[]): Promise<void> {
    await this.database.query(FINISH, [numberArray(purgeNos)]);
  }
}
