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

/** How long the outline of a ranking is used, in milliseconds: later it may fit badly. */
const OUTLINE_MS = 60_000;
/** How many shapes are kept, of some kilobytes each. */
const MAX_SHAPES = 500;
/** A ranking with up to this many entries is sorted for each read. */
const SMALL = 2_000;

/** Entries in PostgreSQL. */
export class PostgresEntryStore implements EntryStore, EntryReads {
  readonly #shapes = new Shapes();

  /** @param reads for callers who wait */
  constructor(
    private readonly background: Database,
    private readonly reads: Database,
  ) {}

  async find(keys: OutboxBatch['keys']): Promise<Entry[]> {
    const { rows } = await this.background.query<EntryRow>(FIND, [
      numberArray(keys.map((key) => key.rankingNo)),
      idArray(keys.map((key) => key.playerId)),
    ]);
    return rows.map(toEntry);
  }

  async scan(rankingNo: RankingNo, afterPlayerId: string, limit: number): Promise<Entry[]> {
    const values = [rankingNo, afterPlayerId, limit];
    return (await this.background.query<EntryRow>(SCAN, values)).rows.map(toEntry);
  }

  async count(rankingNo: RankingNo): Promise<number> {
    return Number(await this.background.value(COUNT, [rankingNo]));
  }

  async setRanked(
    rankingNo: RankingNo,
    playerId: PlayerId,
    ranked: boolean,
  ): Promise<number | undefined> {
    const values = [rankingNo, playerId, ranked];
    const outboxId = await this.background.value<string | null>(SET_RANKED, values);
    return outboxId === null ? undefined : Number(outboxId);
  }

  async countUpTo(rankingNo: RankingNo, limit: number): Promise<number> {
    return Number(await answeredInTime(this.reads.value(COUNT_TO, [rankingNo, limit])));
  }

  read(ranking: Ranking, reads: readonly RankingRead[]): Promise<StoreView[]> {
    return answeredInTime(this.#read(ranking, reads));
  }

  async #read(ranking: Ranking, reads: readonly RankingRead[]): Promise<StoreView[]> {
    const { rankingNo } = ranking;
    const shape = this.#shapes.get(rankingNo);
    if (shape !== undefined && shape.players <= SMALL && reads.every(isDirect)) {
      const views = await readSorted(this.reads, ranking, reads);
      this.#shapes.keep(rankingNo, views[0]?.totalPlayers, shape.outline);
      return views;
    }
    return await this.reads.inSnapshot(async (client) => {
      const pass = new RankingPass(client, ranking, shape?.outline);
      const views = await pass.answer(reads);
      this.#shapes.keep(rankingNo, views[0]?.totalPlayers, pass.outline);
      return views;
    });
  }
}

/** What is remembered of a ranking: it decides how reads are answered. */
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
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MAX_SHAPES) this.#kept.delete(oldest as RankingNo);
  }
}

/** @throws StoreTooSlow when PostgreSQL ended a statement because of the time it took */
async function answeredInTime<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    const cause = error instanceof RostrumError ? error.cause : error;
    if (sqlState(cause) === CANCELLED) throw new StoreTooSlow('a pass took too long', { cause });
    throw error;
  }
}
