import fc from 'fast-check';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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

interface Row {
  readonly playerId: string;
  readonly score: number;
  readonly subscore: number;
  /** Of two equal scores the one reached first stands higher. */
  readonly reached: number;
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

interface NaiveView {
  readonly totalPlayers: number;
  readonly rows: readonly { readonly rank: number; readonly playerId: string }[];
}

/** What the contract says, by sorting everything. */
function naive({ settings }: Ranking, rows: readonly Row[], read: RankingRead): NaiveView {
  const better = (order: SortOrder, a: number, b: number) =>
    order === SortOrder.ASCENDING ? a - b : b - a;
  const sorted = rows.toSorted(
    (a, b) =>
      better(settings.sortOrder, a.score, b.score) ||
      better(settings.subscoreSortOrder, a.subscore, b.subscore) ||
      a.reached - b.reached,
  );
  const ranked = sorted.map(({ playerId }, index) => ({ rank: index + 1, playerId }));
  const around = (place: number, count: number) => {
    const start = Math.max(0, Math.min(place - Math.floor(count / 2), ranked.length - count));
    return ranked.slice(start, start + count);
  };
  const chosen = () => {
    switch (read.kind) {
      case 'range':
        return ranked.slice(read.start, read.start + read.count);
      case 'player':
        return ranked.filter(({ playerId }) => playerId === read.playerId);
      case 'players':
        return ranked.filter(({ playerId }) => read.playerIds.includes(playerId as PlayerId));
      case 'around': {
        const place = ranked.findIndex(({ playerId }) => playerId === read.playerId);
        return place < 0 ? [] : around(place, read.count);
      }
      case 'aroundScore':
        return around(
          sorted.filter(({ score }) => better(settings.sortOrder, score, read.score) <= 0).length,
          read.count,
        );
    }
  };
  return { totalPlayers: rows.length, rows: chosen() };
}

function shown(view: StoreView | undefined): NaiveView | undefined {
  return (
    view && {
      totalPlayers: view.totalPlayers,
      rows: view.rows.map(({ place, entry }) => ({ rank: place, playerId: entry.playerId })),
    }
  );
}

const SCORES = {
  'hardly two are equal': fc.oneof(
    fc.integer({ min: -1_000_000, max: 1_000_000 }),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((score) => score + 0),
    fc.constantFrom(2 ** 53, -(2 ** 53), Number.MAX_VALUE, Number.MIN_VALUE, 0),
  ),
  'many are equal': fc.integer({ min: -3, max: 3 }),
  'all are equal': fc.constant(7),
};
const order = fc.constantFrom(SortOrder.DESCENDING, SortOrder.ASCENDING);

/** Reads of a board whose players are p0 to p<size - 1>, and of some that it does not have. */
function readsOf(size: number, score: fc.Arbitrary<number>): fc.Arbitrary<RankingRead[]> {
  const playerId = fc.integer({ min: 0, max: size + 1 }).map((number) => `p${number}` as PlayerId);
  const count = fc.integer({ min: 1, max: 12 });
  const start = fc.oneof(fc.integer({ min: 0, max: size + 3 }), fc.constant(0));
  const reads: fc.Arbitrary<RankingRead[]> = fc.array(
    fc.oneof(
      fc.record({ kind: fc.constant('range' as const), start, count }),
      fc.record({ kind: fc.constant('player' as const), playerId }),
      fc.record({ kind: fc.constant('players' as const), playerIds: fc.array(playerId) }),
      fc.record({ kind: fc.constant('around' as const), playerId, count }),
      fc.record({ kind: fc.constant('aroundScore' as const), score, count }),
    ),
    { maxLength: 20 },
  );
  // Some without reads around a place.
  return fc.oneof(
    reads,
    reads.map((list) => list.filter(({ kind }) => !kind.startsWith('around'))),
  );
}

function toRows(places: readonly { score: number; subscore: number; salt: number }[]): Row[] {
  // Who came when has nothing to do with the order of the ids.
  const order = places.map((_, index) => index).sort((a, b) => saltOf(a) - saltOf(b) || a - b);
  function saltOf(index: number): number {
    return places[index]?.salt ?? 0;
  }
  const reached = new Map(order.map((index, step) => [index, 5_000 + 3 * step]));
  return places.map(({ score, subscore }, index) => ({
    playerId: `p${index}`,
    score,
    subscore,
    reached: reached.get(index) as number,
  }));
}

describe.each(Object.entries(SCORES))(
  'reads of a ranking in which of the scores %s',
  (_, score) => {
    it('give what sorting it all gives, many reads at once', async () => {
      const subscore = fc.oneof(fc.constant(0), fc.integer({ min: -2, max: 2 }));
      const board = fc
        .array(fc.record({ score, subscore, salt: fc.integer() }), { maxLength: 40 })
        .chain((places) =>
          fc.record({
            rows: fc.constant(toRows(places)),
            reads: readsOf(places.length, score),
            order,
            subscoreOrder: order,
          }),
        );
      await fc.assert(
        fc.asyncProperty(board, async ({ rows, reads, order, subscoreOrder }) => {
          const ranking = newRanking(order, subscoreOrder);
          await fill(ranking, rows);
          const expected = reads.map((read) => naive(ranking, rows, read));
          expect((await store.read(ranking, reads)).map(shown)).toEqual(expected);
          // The size is known now, and small rankings are read otherwise.
          expect((await store.read(ranking, reads)).map(shown)).toEqual(expected);
        }),
        { numRuns: 60 },
      );
    });

    it('give the same where the ranking is too large to be sorted for each page', async () => {
      const size = 12_000;
      const [places] = fc.sample(
        fc.array(
          fc.record({ score, subscore: fc.integer({ min: 0, max: 1 }), salt: fc.integer() }),
          { minLength: size, maxLength: size, size: 'max' },
        ),
        1,
      );
      const rows = toRows(places ?? []);
      const ranking = newRanking(SortOrder.DESCENDING, SortOrder.ASCENDING);
      await fill(ranking, rows);
      for (const reads of fc.sample(readsOf(size, score), 5)) {
        const views = await store.read(ranking, reads);
        expect(views.map(shown)).toEqual(reads.map((read) => naive(ranking, rows, read)));
      }
    });
  },
);

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
