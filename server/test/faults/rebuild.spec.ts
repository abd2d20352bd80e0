import { setTimeout as delay } from 'node:timers/promises';
import type { RostrumClient } from '@rostrum/client';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ServerProcess } from '../support/server-process.ts';
import { Stage } from './stage.ts';

const PLAYERS = 15_000;
const leaderboardId = 'large';

let stage: Stage;
let clients: readonly [RostrumClient, RostrumClient];

beforeAll(async () => {
  stage = await Stage.start({ servers: 2 });
  clients = [stage.client('admin', stage.servers[0]), stage.client('admin', stage.servers[1])];
  const players = Array.from({ length: PLAYERS }, (_, n) => ({
    leaderboardId,
    playerId: `p${n}`,
    score: (n * 7919) % 1000,
  }));
  const items = await clients[0].scores.batchSubmit(players, { deadlineMs: 60_000 });
  expect(items.filter(({ ok }) => !ok)).toEqual([]);
});

afterAll(async () => {
  await Promise.all((clients ?? []).map((client) => client.close()));
  await stage?.stop();
});

/** Reads whatever is up, over and over, while `fault` runs; nothing may ever be partial. */
async function neverPartial(
  readers: readonly RostrumClient[],
  fault: () => Promise<void>,
): Promise<{ fromIndex: number; fromStore: number }> {
  const count = { fromIndex: 0, fromStore: 0 };
  let running = true;
  const reading = readers.map(async (client) => {
    while (running) {
      const answer = await client.standings
        .listPage({ leaderboardId, pageSize: 3, startRank: PLAYERS - 1 }, { deadlineMs: 4_000 })
        .catch(() => undefined); // refused honestly
      if (answer === undefined) continue;
      expect(answer.totalPlayers).toBeGreaterThanOrEqual(PLAYERS);
      expect(answer.standings.map(({ rank }) => rank).slice(0, 2)).toEqual([PLAYERS - 1, PLAYERS]);
      if (answer.revision > 0) count.fromIndex += 1;
      else count.fromStore += 1;
      await delay(5);
    }
  });
  try {
    await fault();
  } finally {
    running = false;
    await Promise.all(reading);
  }
  return count;
}

/** Begins a rebuild by losing the index, and resolves when some of it has been built. */
async function beginBuild(): Promise<void> {
  const redis = new Redis(stage.redis.url());
  try {
    await redis.flushall();
    await expect
      .poll(
        async () => {
          const [key] = await redis.keys('rostrum:*:entries:*');
          return key === undefined ? 0 : redis.hlen(key);
        },
        { timeout: 10_000, interval: 1 },
      )
      .toBeGreaterThan(500);
  } finally {
    redis.disconnect();
  }
}

/** Both servers serve the index again, and it is as the store of record says. */
async function expectWhole(): Promise<void> {
  for (const client of clients) {
    await expect
      .poll(async () => (await client.standings.listPage({ leaderboardId })).revision, {
        timeout: 30_000,
      })
      .toBeGreaterThan(0);
    const differences: string[] = [];
    for await (const progress of client.admin.verify({ leaderboardId })) {
      differences.push(...progress.differences.map(({ description }) => description));
    }
    expect(differences).toEqual([]);
  }
}

/** A new player in the middle of it, who must be there afterwards. */
async function submitMeanwhile(client: RostrumClient, playerId: string): Promise<void> {
  const result = await client.scores.submit({ leaderboardId, playerId, score: 5000 });
  expect(result.outcome).toBe('APPLIED');
  const { standing } = await client.standings.get({ leaderboardId, playerId });
  expect(standing.score).toBe(5000);
}

describe('while a large index is being built', () => {
  it('the server that builds it is killed: the other builds it', async () => {
    const [a, b] = clients;
    const server = stage.servers[0] as ServerProcess;
    // Only the first server is asked, so that it is the one that builds.
    await a.standings.listPage({ leaderboardId });
    const counted = await neverPartial([a], async () => {
      await beginBuild();
      await submitMeanwhile(a, 'meanwhile-1');
      await server.kill();
    });
    expect(counted.fromIndex + counted.fromStore).toBeGreaterThan(0);
    await neverPartial([b], async () => {
      await submitMeanwhile(b, 'meanwhile-2');
      await expect
        .poll(async () => (await b.standings.listPage({ leaderboardId })).revision, {
          timeout: 30_000,
        })
        .toBeGreaterThan(0);
    });
    await server.start();
    await expectWhole();
  });

  it.each([
    ['with its data', false],
    ['without', true],
  ])('Redis is killed and comes back %s', async (_, wipe) => {
    const [a, b] = clients;
    await neverPartial([a, b], async () => {
      await beginBuild();
      await stage.redis.kill();
      await submitMeanwhile(a, `meanwhile-redis-${wipe}`);
      await stage.redis.start({ wipe });
      await submitMeanwhile(b, `meanwhile-redis-after-${wipe}`);
      await expectWhole();
    });
  });

  it('it is lost again and again', async () => {
    const [a, b] = clients;
    await neverPartial([a, b], async () => {
      for (let times = 0; times < 3; times += 1) await beginBuild();
      await submitMeanwhile(a, 'meanwhile-again');
      await expectWhole();
    });
  });

  it('PostgreSQL is killed', async () => {
    const [a, b] = clients;
    await neverPartial([a, b], async () => {
      await beginBuild();
      await stage.postgres.kill();
      await delay(300);
      await stage.postgres.start();
      await submitMeanwhile(a, 'meanwhile-postgres');
      await expectWhole();
    });
  });

  it('both are asked to build it at once', async () => {
    const [a, b] = clients;
    await neverPartial([a, b], async () => {
      const rebuild = async (client: RostrumClient) => {
        for await (const progress of client.admin.rebuild({ leaderboardId })) {
          if (progress.done) return;
        }
        throw new Error('the rebuild ended without being done');
      };
      await Promise.all([rebuild(a), rebuild(b), rebuild(a), submitMeanwhile(b, 'meanwhile-both')]);
      await expectWhole();
    });
  });
});
