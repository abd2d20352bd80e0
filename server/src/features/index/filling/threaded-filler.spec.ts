import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EmbeddedPostgres } from '../../../../../scripts/services/postgres.ts';
import type { LocalRedis } from '../../../../../scripts/services/redis.ts';
import { makeEntries } from '../../../../test/support/make-entries.ts';
import { startOwnPostgres, startOwnRedis } from '../../../../test/support/own-services.ts';
import type { BoardNo, LeaderboardId, RankingNo, SeasonNo } from '../../../domain/ids.js';
import type { LifeId, Tenure } from '../../../domain/index-rules.js';
import { DEFAULT_SETTINGS } from '../../../domain/leaderboard.js';
import type { Ranking } from '../../../domain/ranking.js';
import { migrate } from '../../../stores/postgres/migrate.js';
import { RedisConnection } from '../../../stores/redis/connection.js';
import { rankingKeys } from '../../../stores/redis/keys.js';
import { RedisRankingIndex } from '../../../stores/redis/ranking-index.js';
import { PAYLOAD_VERSION } from '../../../wire/standing-payload-encoding.js';
import { IndexUnavailable } from '../ports.js';
import { ThreadedFiller } from './threaded-filler.js';

/** The build: a thread cannot be started from TypeScript. */
const FILL_WORKER = new URL('../../../../dist/fill-worker.js', import.meta.url);
/** Enough that progress is told several times before the end. */
const COUNT = 200_000;

const ranking: Ranking = {
  rankingNo: 1 as RankingNo,
  boardNo: 1 as BoardNo,
  seasonNo: 1 as SeasonNo,
  leaderboardId: 'large' as LeaderboardId,
  settings: DEFAULT_SETTINGS,
};

let postgres: EmbeddedPostgres;
let store: LocalRedis;
let connection: RedisConnection;
let index: RedisRankingIndex;

beforeAll(async () => {
  [postgres, store] = await Promise.all([startOwnPostgres(), startOwnRedis({ appendOnly: false })]);
  await migrate(postgres.url());
  await makeEntries(postgres.url(), ranking.rankingNo, COUNT);
  connection = new RedisConnection({ url: store.url(), commandTimeoutMs: 5_000 });
  index = new RedisRankingIndex(connection, 1_000, PAYLOAD_VERSION);
  await connected();
});

afterAll(async () => {
  connection?.close();
  await Promise.all([postgres?.stop(), store?.stop()]);
});

/** Resolves when the index can be reached. */
async function connected(): Promise<void> {
  await new Promise<void>((resolve) => connection.onReady(resolve));
  connection.admit(connection.redis);
}

function tenure(): Tenure {
  return { life: 'a life' as LifeId, redis: connection.redis };
}

interface Stage extends AsyncDisposable {
  readonly filler: ThreadedFiller;
  /** The threads that were started. */
  readonly workers: readonly Worker[];
  /** When each of them ended. */
  readonly ends: readonly Promise<unknown>[];
}

function stage(idleMs?: number): Stage {
  const workers: Worker[] = [];
  const ends: Promise<unknown>[] = [];
  const filler = new ThreadedFiller(() => {
    const worker = new Worker(FILL_WORKER, {
      workerData: {
        databaseUrl: postgres.url(),
        redisUrl: store.url(),
        feedRetentionChanges: 1_000,
      },
    });
    workers.push(worker);
    ends.push(once(worker, 'exit'));
    return worker;
  }, idleMs);
  return { filler, workers, ends, [Symbol.asyncDispose]: () => filler.close() };
}

/** Fills the index of the ranking; `fault` happens when some of it is in. */
async function fill(
  filler: ThreadedFiller,
  fault: () => unknown = () => {},
  signal?: AbortSignal,
): Promise<number> {
  const build = await index.beginBuild(ranking, undefined, 1, tenure());
  let happened: Promise<unknown> | undefined;
  try {
    const onProgress = (): void => {
      happened ??= Promise.resolve(fault());
    };
    return await filler.fill({ ranking, build, afterPlayerId: '' }, onProgress, signal);
  } finally {
    await happened;
  }
}

async function expectFilled(filler: ThreadedFiller): Promise<void> {
  expect(await fill(filler)).toBe(COUNT);
  const redis = new Redis(store.url());
  const [, , , , order, records] = rankingKeys(ranking.rankingNo);
  const sizes = [await redis.zcard(order as string), await redis.hlen(records as string)];
  redis.disconnect();
  expect(sizes).toEqual([COUNT, COUNT]);
}

// Two hundred thousand entries, several times, on whatever machine.
describe('a filler with threads', { timeout: 60_000 }, () => {
  it('fills one ranking after the other in one thread, and tells how far it is', async () => {
    await using threads = stage();
    const build = await index.beginBuild(ranking, undefined, 1, tenure());
    const progress: number[] = [];
    await threads.filler.fill({ ranking, build, afterPlayerId: '' }, (filled) =>
      progress.push(filled),
    );
    expect(progress.length).toBeGreaterThan(1);
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));
    expect(progress.at(-1)).toBe(COUNT);
    await expectFilled(threads.filler);
    expect(threads.workers).toHaveLength(1);
  });

  it('ends a thread that is idle, and starts another when needed', async () => {
    await using threads = stage(1);
    await expectFilled(threads.filler);
    await threads.ends[0];
    await expectFilled(threads.filler);
    expect(threads.workers).toHaveLength(2);
  });

  it('fills two at the same time, and a third when one of them is done', async () => {
    await using threads = stage();
    const builds = [1, 2, 3].map(async (rankingNo) => {
      const each: Ranking = { ...ranking, rankingNo: rankingNo as RankingNo };
      const build = await index.beginBuild(each, undefined, 1, tenure());
      return await threads.filler.fill(
        { ranking: each, build, afterPlayerId: 'p0150000' },
        () => {},
      );
    });
    expect(await Promise.all(builds)).toEqual([50_000, 0, 0]);
    expect(threads.workers).toHaveLength(2);
  });

  it('fails if its thread dies, and takes another', async () => {
    await using threads = stage();
    const kill = () => threads.workers[0]?.terminate();
    await expect(fill(threads.filler, kill)).rejects.toThrow(IndexUnavailable);
    await expectFilled(threads.filler);
    expect(threads.workers).toHaveLength(2);
  });

  it('fails if a thread cannot start', async () => {
    const missing = new URL('../../../../dist/no-such-worker.js', import.meta.url);
    const filler = new ThreadedFiller(() => new Worker(missing));
    await expect(fill(filler)).rejects.toThrow(/no-such-worker/);
    await expect(fill(filler)).rejects.toThrow(IndexUnavailable);
    await filler.close();
  });

  it('ends what it is told to end', async () => {
    await using threads = stage();
    const reason = new Error('enough');
    const controller = new AbortController();
    const abort = () => controller.abort(reason);
    await expect(fill(threads.filler, abort, controller.signal)).rejects.toBe(reason);
    await expectFilled(threads.filler);
  });

  it('ends a fill whose progress nobody can take', async () => {
    await using threads = stage();
    const reason = new Error('cannot take it');
    const build = await index.beginBuild(ranking, undefined, 1, tenure());
    const filling = threads.filler.fill({ ranking, build, afterPlayerId: '' }, () => {
      throw reason;
    });
    await expect(filling).rejects.toBe(reason);
    await expectFilled(threads.filler);
  });

  it('is closed in the middle of a fill', async () => {
    const threads = stage();
    const filling = fill(threads.filler, () => threads.filler.close());
    await expect(filling).rejects.toThrow(IndexUnavailable);
    await expect(fill(threads.filler)).rejects.toThrow('shutting down');
    expect(threads.workers).toHaveLength(1);
  });

  it('says so when Redis is killed in the middle, and when it is away', async () => {
    await using threads = stage();
    await expect(fill(threads.filler, () => store.kill())).rejects.toThrow(IndexUnavailable);
    const build = { epoch: 1, name: '1:x', life: 'x' as LifeId, redis: 'x' };
    const away = threads.filler.fill({ ranking, build, afterPlayerId: '' }, () => {});
    await expect(away).rejects.toThrow(IndexUnavailable);
    await store.start();
    await connected();
    await expectFilled(threads.filler);
    expect(threads.workers).toHaveLength(1);
  });

  it('says so when PostgreSQL is killed in the middle, and when it is away', async () => {
    await using threads = stage();
    const unavailable = { reason: 'STORE_UNAVAILABLE' };
    const killed = fill(threads.filler, () => postgres.kill());
    await expect(killed).rejects.toMatchObject(unavailable);
    await expect(fill(threads.filler)).rejects.toMatchObject(unavailable);
    await postgres.start();
    await expectFilled(threads.filler);
    expect(threads.workers).toHaveLength(1);
  });
});
