import type { Entry } from '../../domain/entry.js';
import { RostrumError } from '../../domain/errors.js';
import type { RankingNo } from '../../domain/ids.js';
import type { Ranking, RankingRead } from '../../domain/ranking.js';
import {
  type EntryStore,
  type OutboxBatch,
  StoreTooSlow,
  type StoreView,
} from '../../features/rankings/ports.js';
import { idArray, numberArray } from './array-literal.js';
import { type Database, sqlState } from './database.js';
import { type EntryRow, toEntry } from './entry-row.js';
import { type Outline, RankingPass } from './ranking-pass.js';
import { statement } from './sql-file.js';

const FIND = statement('find_entries');
const SCAN = statement('scan_entries');
const COUNT = statement('count_entries');
const COUNT_TO = statement('count_entries_to');

/** For so long the outline of a ranking may divide it, in milliseconds: later it may fit badly. */
const OUTLINE_MS = 60_000;
/** Rankings of which an outline is kept. */
const MAX_OUTLINES = 64;
/** SQLSTATE of a statement that took too long. */
const CANCELLED = '57014';

/** Entries in PostgreSQL. */
export class PostgresEntryStore implements EntryStore {
  readonly #background: Database;
  readonly #reads: Database;
  readonly #outlines = new Outlines();

  /** @param background for work behind the scenes @param reads for callers who wait */
  constructor(background: Database, reads: Database) {
    this.#background = background;
    this.#reads = reads;
  }

  async find(keys: OutboxBatch['keys']): Promise<Entry[]> {
    const { rows } = await this.#background.query<EntryRow>(FIND, [
      numberArray(keys.map((key) => key.rankingNo)),
      idArray(keys.map((key) => key.playerId)),
    ]);
    return rows.map(toEntry);
  }

  async scan(rankingNo: RankingNo, afterPlayerId: string, limit: number): Promise<Entry[]> {
    const { rows } = await this.#background.query<EntryRow>(SCAN, [
      rankingNo,
      afterPlayerId,
      limit,
    ]);
    return rows.map(toEntry);
  }

  async count(rankingNo: RankingNo): Promise<number> {
    const { rows } = await this.#background.query<{ count: string }>(COUNT, [rankingNo]);
    return Number(rows[0]?.count);
  }

  async countUpTo(rankingNo: RankingNo, limit: number): Promise<number> {
    return answeredInTime(async () => {
      const { rows } = await this.#reads.query<{ count: string }>(COUNT_TO, [rankingNo, limit]);
      return Number(rows[0]?.count);
    });
  }

  async read(ranking: Ranking, reads: readonly RankingRead[]): Promise<StoreView[]> {
    return answeredInTime(() =>
      this.#reads.withConnection(async (client) => {
        await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
        const pass = new RankingPass(client, ranking, this.#outlines.get(ranking.rankingNo));
        const views = await pass.answer(reads);
        await client.query('COMMIT');
        this.#outlines.keep(ranking.rankingNo, pass.outline);
        return views;
      }),
    );
  }
}

/** The outlines of the rankings that were read lately. */
class Outlines {
  readonly #kept = new Map<RankingNo, { readonly outline: Outline; readonly until: number }>();

  get(rankingNo: RankingNo): Outline | undefined {
    const kept = this.#kept.get(rankingNo);
    return kept !== undefined && performance.now() < kept.until ? kept.outline : undefined;
  }

  keep(rankingNo: RankingNo, outline: Outline | undefined): void {
    if (outline === undefined || outline === this.get(rankingNo)) return;
    this.#kept.delete(rankingNo);
    this.#kept.set(rankingNo, { outline, until: performance.now() + OUTLINE_MS });
    if (this.#kept.size <= MAX_OUTLINES) return;
    for (const oldest of this.#kept.keys()) {
      this.#kept.delete(oldest);
      return;
    }
  }
}

/** @throws StoreTooSlow when PostgreSQL ended a statement because of the time it took */
async function answeredInTime<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const cause = error instanceof RostrumError ? error.cause : error;
    if (sqlState(cause) === CANCELLED) throw new StoreTooSlow('a pass took too long', { cause });
    throw error;
  }
}
