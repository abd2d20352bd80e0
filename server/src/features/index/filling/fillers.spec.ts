import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeEntries, makeOddEntries, ODD_ENTRIES } from '../../../../test/support/make-entries.ts';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.ts';
import { createTestRedis, type TestRedis } from '../../../../test/support/test-redis.ts';
import type { Entry } from '../../../domain/entry.js';
import type { BoardNo, LeaderboardId, RankingNo, SeasonNo } from '../../../domain/ids.js';
import type { LifeId } from '../../../domain/index-rules.js';
import { DEFAULT_SETTINGS, SortOrder } from '../../../domain/leaderboard.js';
import type { Ranking } from '../../../domain/ranking.js';
import { Database } from '../../../stores/postgres/database.js';
import { PostgresEntryStore } from '../../../stores/postgres/entry-store.js';
import { PostgresEntryStream } from '../../../stores/postgres/entry-stream.js';
import { RedisConnection } from '../../../stores/redis/connection.js';
import { rankingKeys } from '../../../stores/redis/keys.js';
import { RedisRankingIndex } from '../../../stores/redis/ranking-index.js';
import { encodeStandingPayload, PAYLOAD_VERSION } from '../../../wire/standing-payload-encoding.js';
import { type IndexBuild, type IndexFiller, IndexUnavailable } from '../ports.js';
import { BulkFiller } from './bulk-filler.js';
import { PagedFiller } from './paged-filler.js';

/** Odd epochs are built in the keys with 1. */
const EPOCH = 1;
/** More than goes to the index at a time. */
const COUNT = 3_000;
const odd: Ranking = {
  rankingNo: 1 as RankingNo,
  boardNo: 1 as BoardNo,
  seasonNo: 1 as SeasonNo,
  leaderboardId: 'odd' as LeaderboardId,
  settings: DEFAULT_SETTINGS,
};
const ascending: Ranking = {
  ...odd,
  settings: {
    ...DEFAULT_SETTINGS,
    sortOrder: SortOrder.ASCENDING,
    subscoreSortOrder: SortOrder.ASCENDING,
  },
};
const many: Ranking = { ...odd, rankingNo: 2 as RankingNo };
const none: Ranking = { ...odd, rankingNo: 3 as RankingNo };

let ownDatabase: TestDatabase;
let ownRedis: TestRedis;
let database: Database;
let connection: RedisConnection;
let redis: Redis;
let index: RedisRankingIndex;
let entries: PostgresEntryStore;
let stream: PostgresEntryStream;

beforeAll(async () => {
  [ownDatabase, ownRedis] = await Promise.all([createTestDatabase(), createTestRedis()]);
  const { url } = ownDatabase;
  const timeouts = { connectTimeoutMs: 5_000, statementTimeoutMs: 10_000 };
  database = new Database({ url, name: 'test', maxConnections: 2, ...timeouts });
  entries = new PostgresEntryStore(database, database);
  stream = new PostgresEntryStream({
    url,
    name: 'test fill',
    connectTimeoutMs: 5_000,
    silenceTimeoutMs: 10_000,
  });
  redis = new Redis(ownRedis.url);
  connection = new RedisConnection({ url: ownRedis.url, commandTimeoutMs: 5_000 });
  index = new RedisRankingIndex(connection, 1_000, PAYLOAD_VERSION);
  await new Promise<void>((resolve) => connection.onReady(resolve));
  connection.admit(connection.redis);
  await makeOddEntries(url, odd.rankingNo);
  await makeEntries(url, many.rankingNo, COUNT);
});

afterAll(async () => {
  connection?.close();
  redis?.disconnect();
  await database?.close();
  await Promise.all([ownDatabase?.drop(), ownRedis?.[Symbol.asyncDispose]()]);
});

const paged = (): IndexFiller => new PagedFiller(index, entries, encodeStandingPayload);
const bulk = (): IndexFiller => new BulkFiller(index, stream, encodeStandingPayload);
const all = (ranking: Ranking, build: IndexBuild) => ({ ranking, build, afterPlayerId: '' });

/** What is being built: players and scores in their order, and the record of each player. */
async function built({ rankingNo }: Ranking) {
  const [, , , , order, records] = rankingKeys(rankingNo) as [
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  return {
    order: await redis.zrangeBuffer(order, '0', '-1', 'WITHSCORES'),
    records: await redis.hgetallBuffer(records),
  };
}

/** Brings entries in as submissions do while there is no serving index. */
async function apply(ranking: Ranking, some: readonly Entry[]): Promise<void> {
  const encoded = some.map((entry) => ({ entry, payload: encodeStandingPayload(entry) }));
  expect((await index.apply(ranking, 0, encoded)).status).toBe('building');
}

async function begin(ranking: Ranking): Promise<IndexBuild> {
  const tenure = { life: 'a life' as LifeId, redis: connection.redis };
  return await index.beginBuild(ranking, undefined, EPOCH, tenure);
}

describe.each([
  ['page by page', paged],
  ['in bulk', bulk],
])('an index filled %s', (_, filler) => {
  it.each([
    ['descending', odd],
    ['ascending', ascending],
  ])('has what submissions would have brought in, %s', async (__, ranking) => {
    await begin(ranking);
    await apply(ranking, await entries.scan(ranking.rankingNo, '', 1_000));
    const expected = await built(ranking);
    expect(expected.order).toHaveLength(2 * ODD_ENTRIES.length);

    const progress: number[] = [];
    const count = await filler().fill(all(ranking, await begin(ranking)), (at) =>
      progress.push(at),
    );
    expect(count).toBe(ODD_ENTRIES.length);
    expect(progress.at(-1)).toBe(count);
    expect(await built(ranking)).toStrictEqual(expected);
  });

  it('keeps the newer and replaces the older of what submissions brought in meanwhile', async () => {
    await filler().fill(all(many, await begin(many)), () => {});
    const stored = await built(many);
    const scanned = await entries.scan(many.rankingNo, '', COUNT);
    const newer = scanned
      .filter((__, position) => position % 3 === 0)
      .map((entry) => ({ ...entry, score: entry.score + 0.5, version: entry.version + 1e6 }));
    const older = scanned
      .filter((__, position) => position % 3 === 1)
      .map((entry) => ({ ...entry, score: entry.score - 0.5, version: entry.version - 0.5 }));
    const others = newer.map((entry) => ({ ...entry, playerId: `q${entry.playerId}` }) as Entry);

    const build = await begin(many);
    await apply(many, [...newer.slice(0, 1_000), ...older]);
    await apply(many, others);
    expect(await filler().fill(all(many, build), () => {})).toBe(COUNT);
    const { order, records } = await built(many);
    expect(order).toHaveLength(2 * (COUNT + others.length));
    expect(Object.keys(records)).toHaveLength(COUNT + others.length);

    // The same when all that is newer comes last.
    const again = await begin(many);
    await filler().fill(all(many, again), () => {});
    expect(await built(many)).toStrictEqual(stored);
    await apply(many, [...newer, ...others]);
    expect(await built(many)).toStrictEqual({ order, records });
  });

  it('fails when another build takes its place, and puts nothing into that', async () => {
    const build = await begin(many);
    let other: Promise<IndexBuild> | undefined;
    const filling = filler().fill(all(many, build), () => {
      other ??= begin(many);
    });
    await expect(filling).rejects.toThrow(IndexUnavailable);
    expect((await other)?.epoch).toBe(EPOCH);
    expect(await built(many)).toEqual({ order: [], records: {} });
  });

  it('fails when another Redis is connected', async () => {
    const build = { ...(await begin(many)), redis: 'another' };
    await expect(filler().fill(all(many, build), () => {})).rejects.toThrow(IndexUnavailable);
    expect(await built(many)).toEqual({ order: [], records: {} });
  });

  it('ends when it is told to', async () => {
    const reason = new Error('enough');
    const controller = new AbortController();
    const filling = filler().fill(
      all(many, await begin(many)),
      () => controller.abort(reason),
      controller.signal,
    );
    await expect(filling).rejects.toBe(reason);
  });

  it('is empty if the ranking is', async () => {
    expect(await filler().fill(all(none, await begin(none)), () => {})).toBe(0);
    expect(await built(none)).toEqual({ order: [], records: {} });
  });
});

describe('a large ranking', () => {
  it('is left to another filler when its beginning is in', async () => {
    const large: Ranking = { ...odd, rankingNo: 4 as RankingNo };
    await makeEntries(ownDatabase.url, large.rankingNo, 12_345);
    const rest = new BulkFiller(index, stream, encodeStandingPayload);
    let handedOver = 0;
    const filler = new PagedFiller(index, entries, encodeStandingPayload, {
      fill: (...args) => {
        handedOver += 1;
        return rest.fill(...args);
      },
    });
    const progress: number[] = [];
    const count = await filler.fill(all(large, await begin(large)), (filled) =>
      progress.push(filled),
    );
    expect(count).toBe(12_345);
    expect(handedOver).toBe(1);
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));
    expect(progress.at(-1)).toBe(12_345);
    const { order, records } = await built(large);
    expect(order).toHaveLength(2 * 12_345);
    expect(Object.keys(records)).toHaveLength(12_345);
  });
});
