import type pg from 'pg';
import type { Entry } from '../../domain/entry.js';
import type { RankingNo } from '../../domain/ids.js';
import { direction } from '../../domain/order.js';
import type { Ranking, RankingRead } from '../../domain/ranking.js';
import type { EntryStore, OutboxBatch, StoreView } from '../../features/rankings/ports.js';
import { idArray, numberArray } from './array-literal.js';
import type { Database } from './database.js';
import { type EntryRow, toEntry } from './entry-row.js';
import { type Statement, statement } from './sql-file.js';

const FIND = statement('find_entries');
const SCAN = statement('scan_entries');
const HAS_MORE = statement('has_more_entries');
const COUNT = statement('count_entries');
const READ_RANGE = statement('read_range');
const READ_PLAYER = statement('read_player');
const READ_PLAYERS = statement('read_players');
const PLACE_OF_SCORE = statement('place_of_score');

type RankedEntryRow = { total: string } & ((EntryRow & { rank: string }) | { rank: null });
type Query = <Row extends pg.QueryResultRow>(s: Statement, values: unknown[]) => Promise<Row[]>;

/** Entries in PostgreSQL. */
export class PostgresEntryStore implements EntryStore {
  readonly #background: Database;
  readonly #reads: Database;

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

  async hasMoreThan(rankingNo: RankingNo, count: number): Promise<boolean> {
    const { rows } = await this.#background.query<{ has_more: boolean }>(HAS_MORE, [
      rankingNo,
      count,
    ]);
    return rows[0]?.has_more === true;
  }

  async count(rankingNo: RankingNo): Promise<number> {
    const { rows } = await this.#background.query<{ count: string }>(COUNT, [rankingNo]);
    return Number(rows[0]?.count);
  }

  async read(ranking: Ranking, read: RankingRead): Promise<StoreView> {
    if (read.kind === 'around' || read.kind === 'aroundScore') {
      return this.#reads.withConnection((client) => readAround(client, ranking, read));
    }
    const query: Query = async (s, values) => (await this.#reads.query(s, values)).rows as never;
    return readDirectly(query, ranking, read);
  }
}

/** Ranking number and the factors that put the best first. */
function orderOf({ rankingNo, settings }: Ranking): [number, number, number] {
  return [rankingNo, direction(settings.sortOrder), direction(settings.subscoreSortOrder)];
}

async function readDirectly(
  query: Query,
  ranking: Ranking,
  read: Extract<RankingRead, { kind: 'range' | 'player' | 'players' }>,
): Promise<StoreView> {
  const order = orderOf(ranking);
  switch (read.kind) {
    case 'range':
      return toView(await query<RankedEntryRow>(READ_RANGE, [...order, read.start, read.count]));
    case 'player':
      return toView(await query<RankedEntryRow>(READ_PLAYER, [...order, read.playerId]));
    case 'players':
      return toView(await query<RankedEntryRow>(READ_PLAYERS, [...order, idArray(read.playerIds)]));
  }
}

/** Finds the place, then reads the rows around it, both in one snapshot of the database. */
async function readAround(
  client: pg.PoolClient,
  ranking: Ranking,
  read: Extract<RankingRead, { kind: 'around' | 'aroundScore' }>,
): Promise<StoreView> {
  const query: Query = async (s, values) =>
    (await client.query({ name: s.name, text: s.text, values })).rows as never;
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  const { place, total } = await placeOf(query, ranking, read);
  let view: StoreView = { rows: [], totalPlayers: total };
  if (place !== undefined) {
    const start = Math.max(Math.min(place - Math.floor(read.count / 2), total - read.count), 0);
    view = await readDirectly(query, ranking, { kind: 'range', start, count: read.count });
  }
  await client.query('COMMIT');
  return view;
}

async function placeOf(
  query: Query,
  ranking: Ranking,
  read: Extract<RankingRead, { kind: 'around' | 'aroundScore' }>,
): Promise<{ place: number | undefined; total: number }> {
  if (read.kind === 'around') {
    const { rows, totalPlayers } = await readDirectly(query, ranking, {
      kind: 'player',
      playerId: read.playerId,
    });
    const rank = rows[0]?.rank;
    return { place: rank === undefined ? undefined : rank - 1, total: totalPlayers };
  }
  const [rankingNo, scoreFactor] = orderOf(ranking);
  const [row] = await query<{ place: string; total: string }>(PLACE_OF_SCORE, [
    rankingNo,
    scoreFactor,
    read.score,
  ]);
  return { place: Number(row?.place), total: Number(row?.total) };
}

function toView(rows: readonly RankedEntryRow[]): StoreView {
  return {
    totalPlayers: Number(rows[0]?.total),
    rows: rows.flatMap((row) =>
      row.rank === null ? [] : [{ rank: Number(row.rank), entry: toEntry(row) }],
    ),
  };
}
