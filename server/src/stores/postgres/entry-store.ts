import type { Entry } from '../../domain/entry.js';
import { RostrumError } from '../../domain/errors.js';
import type { PlayerId, RankingNo } from '../../domain/ids.js';
import type { Ranking, RankingRead } from '../../domain/ranking.js';
import type { EntryStore, OutboxBatch } from '../../features/index/ports.js';
import { type EntryReads, StoreTooSlow, type StoreView } from '../../features/reads/ports.js';
import { idArray, numberArray } from './array-literal.js';
import { CANCELLED, type Database, sqlState } from './database.js';
import { type EntryRow, toEntry } from './entry-row.js';
import { type Outline, RankingPass } from './ranking-pass.js';
import { isDirect, readSorted } from './small-ranking.js';
import { statement, statementForValues } from './sql-file.js';

const FIND = statement('find_entries');
const SCAN = statement('scan_entries');
const COUNT = statement('count_entries');
const SET_RANKED = statement('set_ranked');
const COUNT_TO = statementForValues('count_entries_to');

/** For so long the outline of a ranking may divide it, in milliseconds: later it may fit badly. */
const OUTLINE_MS = 60_000;
/** Rankings of which the shape is kept, some kilobytes each. */
const MAX_SHAPES = 500;
/** A ranking with up to so many entries is sorted for each pass. */
const SMALL = 2_000;

/** Entries in PostgreSQL. */
export class PostgresEntryStore implements EntryStore, EntryReads {
  readonly #background: Database;
  readonly #reads: Database;
  readonly #shapes = new Shapes();

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

  async setRanked(
    rankingNo: RankingNo,
    playerId: PlayerId,
    ranked: boolean,
  ): Promise<number | undefined> {
    const { rows } = await this.#background.query<{ outbox_id: string | null }>(SET_RANKED, [
      rankingNo,
      playerId,
      ranked,
    ]);
    const outboxId = rows[0]?.outbox_id ?? undefined;
    return outboxId === undefined ? undefined : Number(outboxId);
  }

  async countUpTo(rankingNo: RankingNo, limit: number): Promise<number> {
    return answeredInTime(async () => {
      const { rows } = await this.#reads.query<{ count: string }>(COUNT_TO, [rankingNo, limit]);
      return Number(rows[0]?.count);
    });
  }

  async read(ranking: Ranking, reads: readonly RankingRead[]): Promise<StoreView[]> {
    return answeredInTime(async () => {
      const shape = this.#shapes.get(ranking.rankingNo);
      if (shape !== undefined && shape.players <= SMALL && reads.every(isDirect)) {
        const views = await readSorted(this.#reads, ranking, reads);
        this.#shapes.keep(ranking.rankingNo, views[0]?.totalPlayers, shape.outline);
        return views;
      }
      return await this.#pass(ranking, reads, shape?.outline);
    });
  }

  async #pass(
    ranking: Ranking,
    reads: readonly RankingRead[],
    outline: Outline | undefined,
  ): Promise<StoreView[]> {
    return await this.#reads.inSnapshot(async (client) => {
      const pass = new RankingPass(client, ranking, outline);
      const views = await pass.answer(reads);
      this.#shapes.keep(ranking.rankingNo, views[0]?.totalPlayers, pass.outline);
      return views;
    });
  }
}

/** What is remembered of a ranking; how its reads are answered best depends on it. */
interface Shape {
  readonly players: number;
  readonly outline: Outline | undefined;
  /** When the outline was made. */
  readonly madeAt: number;
}

/** The shapes of the rankings that were read lately. */
class Shapes {
  readonly #kept = new Map<RankingNo, Shape>();

  get(rankingNo: RankingNo): Shape | undefined {
    const kept = this.#kept.get(rankingNo);
    if (kept === undefined || performance.now() - kept.madeAt < OUTLINE_MS) return kept;
    return { ...kept, outline: undefined };
  }

  keep(rankingNo: RankingNo, players: number | undefined, outline: Outline | undefined): void {
    if (players === undefined) return;
    const before = this.#kept.get(rankingNo);
    const madeAt = outline === before?.outline ? before?.madeAt : undefined;
    this.#kept.delete(rankingNo);
    this.#kept.set(rankingNo, { players, outline, madeAt: madeAt ?? performance.now() });
    if (this.#kept.size <= MAX_SHAPES) return;
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
