import fc from 'fast-check';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  anyOrder,
  naiveRead,
  type Row,
  readsOf,
  SCORES,
  toRows,
} from '../../../test/model/naive-reads.ts';
import { TestIndex } from '../../../test/support/test-index.ts';
import type { PlayerId } from '../../domain/ids.js';
import { DEFAULT_SETTINGS, SortOrder } from '../../domain/leaderboard.js';
import type { Ranking, RankingRead, RankingView } from '../../domain/ranking.js';
import { encodeStandingPayload } from '../../wire/standing-payload-encoding.js';
import { ReadBatcher } from './read-batcher.js';
import { StoreReader } from './store-reader.js';

/*
 * Rankings are read from the index and, while it is away, from the store of record. A caller must see no
 * difference but the revision, so both stand before the same cases, byte for byte.
 */

let stage: TestIndex;
let client: Client;
let batcher: ReadBatcher;
let store: StoreReader;

beforeAll(async () => {
  stage = await TestIndex.start();
  client = new Client({ connectionString: stage.databaseUrl });
  await client.connect();
  batcher = new ReadBatcher(stage.index);
  store = new StoreReader(stage.entries, encodeStandingPayload);
});

afterAll(async () => {
  await client?.end();
  await stage?.stop();
});

/** A ranking with these entries, in both. */
async function board(rows: readonly Row[], settings = DEFAULT_SETTINGS): Promise<Ranking> {
  const ranking = await stage.createRanking(settings);
  await client.query(
    `INSERT INTO rostrum.entries (ranking_no, player_id, score, subscore, reached, version,
                                  submissions, client_us, achieved_us, update_us)
     SELECT $1, player_id, score, subscore, reached, reached, 1, 0, reached, 2 * reached
     FROM unnest($2::text[], $3::float8[], $4::float8[], $5::bigint[])
       AS r (player_id, score, subscore, reached)`,
    [
      ranking.rankingNo,
      rows.map(({ playerId }) => playerId),
      rows.map(({ score }) => literal(score)),
      rows.map(({ subscore }) => literal(subscore)),
      rows.map(({ reached }) => reached),
    ],
  );
  await stage.own.builder.rebuild(ranking, () => {});
  return ranking;
}

/** The driver would send -0 as 0. */
function literal(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

/** What a caller sees of a view: lists of players come sorted, and -0 is 0. */
function seen({ rows, totalPlayers }: RankingView, { kind }: RankingRead) {
  const sorted = kind === 'players' ? rows.toSorted((a, b) => a.place - b.place) : rows;
  return {
    totalPlayers,
    rows: sorted.map(({ place, rank, playerId, score, payload }) => ({
      ...{ place, rank, playerId, score: score + 0 },
      payload: Buffer.from(payload).toString('hex'),
    })),
  };
}

/** Reads from both, and expects of both what sorting everything gives. */
async function expectBoth(
  ranking: Ranking,
  rows: readonly Row[],
  reads: readonly RankingRead[],
): Promise<void> {
  const epoch = stage.own.trust.epochOf(ranking.rankingNo) as number;
  const [fromIndex, fromStore] = await Promise.all([
    Promise.all(reads.map((read) => batcher.read(ranking, epoch, read))),
    Promise.all(reads.map((read) => store.read(ranking, read))),
  ]);
  for (const [at, read] of reads.entries()) {
    const view = fromIndex[at] as RankingView;
    expect(view, String(view)).toBeTypeOf('object');
    const { totalPlayers, rows: shown } = seen(view, read);
    const places = shown.map(({ place, playerId }) => ({ rank: place, playerId }));
    const words = JSON.stringify(read);
    expect({ totalPlayers, rows: places }, words).toEqual(naiveRead(ranking, rows, read));
    expect(seen(fromStore[at] as RankingView, read), words).toEqual({ totalPlayers, rows: shown });
  }
}

const row = (playerId: string, score: number, subscore = 0, reached = 1): Row => ({
  ...{ playerId, score, subscore, reached },
});
const range = (start: number, count: number): RankingRead => ({ kind: 'range', start, count });
const player = (id: string): RankingRead => ({ kind: 'player', playerId: id as PlayerId });
const players = (...ids: string[]): RankingRead => ({
  kind: 'players',
  playerIds: ids as PlayerId[],
});
const around = (id: string, count: number): RankingRead => ({
  ...{ kind: 'around', playerId: id as PlayerId, count },
});
const aroundScore = (score: number, count: number): RankingRead => ({
  ...{ kind: 'aroundScore', score, count },
});

const TEN = Array.from({ length: 10 }, (_, n) => row(`p${n}`, 100 - 10 * n, 0, n + 1));
const EVERY_KIND = [
  ...[range(0, 3), range(1, 1), range(7, 50), player('p0'), player('nobody')],
  ...[players('p0', 'nobody'), around('p0', 3), around('nobody', 3), aroundScore(1, 3)],
];

const CASES: Record<string, { rows: readonly Row[]; reads: readonly RankingRead[] }> = {
  nobody: { rows: [], reads: EVERY_KIND },
  'one player': { rows: [row('p0', 5)], reads: EVERY_KIND },
  'ties in score, decided by subscore, then by who came first': {
    rows: [row('a', 5, 1, 4), row('b', 5, 2, 9), row('c', 5, 1, 2), row('d', 5, 2, 8)],
    reads: [range(0, 4), around('c', 2), aroundScore(5, 2), players('a', 'b', 'c', 'd')],
  },
  'negative scores, and two zeros': {
    rows: [row('a', -5), row('b', 0, 0, 2), row('c', -0, -0, 3), row('d', 5), row('e', -0.5)],
    reads: [range(0, 9), aroundScore(-0, 3), aroundScore(0, 3), aroundScore(-5, 2), around('c', 2)],
  },
  'scores at the ends of what is exact': {
    rows: [
      row('a', 2 ** 53 - 1),
      row('b', 2 ** 53 - 2),
      row('c', -(2 ** 53 - 1)),
      row('d', 5e-324),
    ],
    reads: [range(0, 9), aroundScore(2 ** 53 - 1, 2), aroundScore(-(2 ** 53 - 1), 2)],
  },
  'pages at their edges': {
    rows: TEN,
    reads: [range(0, 10), range(0, 11), range(9, 1), range(9, 5), range(10, 1), range(99, 9)],
  },
  'neighbourhoods at the edges, of even and odd size': {
    rows: TEN,
    reads: [1, 2, 3, 4, 5, 9, 10, 11].flatMap((count) =>
      ['p0', 'p1', 'p4', 'p5', 'p8', 'p9'].map((id) => around(id, count)),
    ),
  },
  'neighbourhoods of scores between players, at one, and beyond all': {
    rows: TEN,
    reads: [1, 2, 3, 10, 11].flatMap((count) =>
      [1_000, 100, 95, 60, 55, 10, 5, -7].map((score) => aroundScore(score, count)),
    ),
  },
  'lists with absent players, in any order': {
    rows: TEN,
    reads: [
      ...[players('p9', 'nobody', 'p0', 'p4'), players('nobody', 'none'), players('p3')],
      players(...TEN.map(({ playerId }) => playerId).reverse()),
    ],
  },
};

describe.each([
  ['highest first', SortOrder.DESCENDING, SortOrder.DESCENDING],
  ['lowest first', SortOrder.ASCENDING, SortOrder.ASCENDING],
  ['highest first, then the lowest subscore', SortOrder.DESCENDING, SortOrder.ASCENDING],
])('the index and the store of record answer alike, %s', (_, sortOrder, subscoreSortOrder) => {
  const settings = { ...DEFAULT_SETTINGS, sortOrder, subscoreSortOrder };

  it.each(Object.entries(CASES))('%s', async (_name, { rows, reads }) => {
    await expectBoth(await board(rows, settings), rows, reads);
  });
});

describe.each(Object.entries(SCORES))(
  'the index and the store of record answer alike where of the scores %s',
  (_, score) => {
    it('at random, many reads at once', async () => {
      const subscore = fc.oneof(fc.constant(0), fc.integer({ min: -2, max: 2 }));
      const boards = fc
        .array(fc.record({ score, subscore, salt: fc.integer() }), { maxLength: 40 })
        .chain((places) =>
          fc.record({
            rows: fc.constant(toRows(places)),
            reads: readsOf(places.length, score),
            sortOrder: anyOrder,
            subscoreSortOrder: anyOrder,
          }),
        );
      await fc.assert(
        fc.asyncProperty(boards, async ({ rows, reads, sortOrder, subscoreSortOrder }) => {
          const settings = { ...DEFAULT_SETTINGS, sortOrder, subscoreSortOrder };
          const ranking = await board(rows, settings);
          await expectBoth(ranking, rows, reads);
          // The size is known now, and small rankings are read otherwise.
          await expectBoth(ranking, rows, reads);
        }),
        { numRuns: 40 },
      );
    });

    it('where the ranking is too large to be sorted for each page', async () => {
      const size = 12_000;
      const [places] = fc.sample(
        fc.array(
          fc.record({ score, subscore: fc.integer({ min: 0, max: 1 }), salt: fc.integer() }),
          { minLength: size, maxLength: size, size: 'max' },
        ),
        1,
      );
      const rows = toRows(places ?? []);
      const settings = { ...DEFAULT_SETTINGS, subscoreSortOrder: SortOrder.ASCENDING };
      const ranking = await board(rows, settings);
      for (const reads of fc.sample(readsOf(size, score), 5)) {
        await expectBoth(ranking, rows, reads);
      }
    });
  },
);
