import { Client } from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type NaiveView, type Row, toRows } from '../../../test/model/naive-reads.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/support/test-database.ts';
import type { PlayerId, RankingNo } from '../../domain/ids.js';
import { DEFAULT_SETTINGS, SortOrder } from '../../domain/leaderboard.js';
import type { Ranking, RankingRead } from '../../domain/ranking.js';
import type { StoreTooSlow, StoreView } from '../../features/reads/ports.js';
import { Database } from './database.js';
import { PostgresEntryStore } from './entry-store.js';

let ownDatabase: TestDatabase;
let database: Database;
let client: Client;
let store: PostgresEntryStore;

beforeAll(async () => {
  ownDatabase = await createTestDatabase();
  database = open(10_000);
  store = new PostgresEntryStore(database, database);
  client = new Client({ connectionString: ownDatabase.url });
  await client.connect();
});

afterAll(async () => {
  await client?.end();
  await database?.close();
  await ownDatabase?.drop();
});

function open(statementTimeoutMs: number): Database {
  const limits = { maxConnections: 4, statementTimeoutMs, connectTimeoutMs: 5_000 };
  return new Database({ url: ownDatabase.url, name: 'test', ...limits });
}

let rankings = 0;

function newRanking(order: SortOrder, subscoreOrder: SortOrder): Ranking {
  rankings += 1;
  return {
    rankingNo: rankings as RankingNo,
    boardNo: 1 as Ranking['boardNo'],
    seasonNo: 1 as Ranking['seasonNo'],
    leaderboardId: `board-${rankings}` as Ranking['leaderboardId'],
    settings: { ...DEFAULT_SETTINGS, sortOrder: order, subscoreSortOrder: subscoreOrder },
  };
}

/** For each row there is also a player who left, with the next id, beside it in the order. */
async function fill({ rankingNo }: Ranking, rows: readonly Row[]): Promise<void> {
  await client.query(
    `INSERT INTO rostrum.entries (ranking_no, player_id, score, subscore, reached, version,
                                  submissions, client_us, achieved_us, update_us, ranked)
     SELECT $1, CASE WHEN ranked THEN player_id ELSE 'p' || cardinality($2::text[]) + number - 1 END,
            score, subscore, CASE WHEN ranked THEN reached ELSE reached + 1 END, reached, 1, 0, 0, 0,
            ranked
     FROM unnest($2::text[], $3::float8[], $4::float8[], $5::bigint[]) WITH ORDINALITY
       AS r (player_id, score, subscore, reached, number),
       (VALUES (true), (false)) AS both_kinds (ranked)`,
    [
      rankingNo,
      rows.map(({ playerId }) => playerId),
      rows.map(({ score }) => score),
      rows.map(({ subscore }) => subscore),
      rows.map(({ reached }) => reached),
    ],
  );
}

function shown(view: StoreView | undefined): NaiveView | undefined {
  return (
    view && {
      totalPlayers: view.totalPlayers,
      rows: view.rows.map(({ place, entry }) => ({ rank: place, playerId: entry.playerId })),
    }
  );
}

it('answers all reads as of one moment while scores change', async () => {
  const ranking = newRanking(SortOrder.DESCENDING, SortOrder.DESCENDING);
  const size = 200;
  const rows = Array.from({ length: size }, (_, index) => ({
    playerId: `p${index}`,
    score: index,
    subscore: 0,
    reached: index + 1,
  }));
  await fill(ranking, rows);
  let writing = true;
  const writes = (async () => {
    while (writing) {
      await client.query(
        `UPDATE rostrum.entries SET score = floor(random() * 1000)
         WHERE ranking_no = $1 AND random() < 0.3`,
        [ranking.rankingNo],
      );
    }
  })();
  try {
    const players = rows.map(({ playerId }) => playerId as PlayerId);
    const reads: RankingRead[] = [
      { kind: 'players', playerIds: players },
      { kind: 'range', start: 0, count: size },
      { kind: 'around', playerId: players[0] as PlayerId, count: 11 },
    ];
    const orders = new Set<string>();
    for (let round = 0; round < 40; round += 1) {
      const [named, range, around] = (await store.read(ranking, reads)).map(shown);
      expect(named?.rows.map(({ rank }) => rank)).toEqual(rows.map((_, index) => index + 1));
      expect(range?.rows).toEqual(named?.rows);
      const start = (around?.rows[0]?.rank ?? 0) - 1;
      expect(around?.rows).toEqual(range?.rows.slice(start, start + 11));
      orders.add(JSON.stringify(named?.rows));
    }
    expect(orders.size).toBeGreaterThan(1);
  } finally {
    writing = false;
    await writes;
  }
});

it('counts up to a limit', async () => {
  const ranking = newRanking(SortOrder.DESCENDING, SortOrder.DESCENDING);
  await fill(
    ranking,
    toRows(Array.from({ length: 9 }, () => ({ score: 1, subscore: 0, salt: 0 }))),
  );
  expect(await store.countUpTo(ranking.rankingNo, 5)).toBe(5);
  expect(await store.countUpTo(ranking.rankingNo, 50)).toBe(9);
});

it('tells a pass that took too long from a database that is away', async () => {
  const hurried = open(40);
  const blocker = new Client({ connectionString: ownDatabase.url });
  await blocker.connect();
  try {
    const slow = new PostgresEntryStore(hurried, hurried);
    const ranking = newRanking(SortOrder.DESCENDING, SortOrder.DESCENDING);
    await slow.read(ranking, []);
    await blocker.query('BEGIN; LOCK TABLE rostrum.entries IN ACCESS EXCLUSIVE MODE');
    const refused: Partial<StoreTooSlow> = { name: 'StoreTooSlow' };
    await expect(slow.read(ranking, [])).rejects.toMatchObject(refused);
    await expect(slow.countUpTo(ranking.rankingNo, 1)).rejects.toMatchObject(refused);
    await blocker.query('COMMIT');
    expect((await slow.read(ranking, [])).length).toBe(0);
  } finally {
    await blocker.end();
    await hurried.close();
  }
});
