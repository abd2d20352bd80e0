import type { RostrumClient } from '@rostrum/client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { onRedis } from '../machine/stage/redis-pair.ts';
import { goBackTo, type KeptState, keepState } from '../support/kept-state.ts';
import { untilIndexed } from './aftermath.ts';
import { SplitStage } from './split-stage.ts';

const PLAYERS = 10;
/** Reads of each server after Redis went back. */
const READS = 300;

let stage: SplitStage;
let a: RostrumClient;
let b: RostrumClient;

beforeAll(async () => {
  stage = await SplitStage.start();
});

beforeEach(() => {
  [a, b] = [stage.client('admin', stage.servers[0]), stage.client('admin', stage.servers[1])];
});

afterEach(async () => {
  await Promise.all([a.close(), b.close()]);
});

afterAll(async () => {
  await stage?.stop();
});

/** Resolves when each server has counted in its life several times. */
async function untilCounted(): Promise<void> {
  const count = () =>
    onRedis(stage.redis.primary, async (redis) => {
      const counts = await Promise.all(
        (await redis.keys('rostrum:*:beat:*')).map((key) => redis.get(key)),
      );
      return Math.max(0, ...counts.map(Number));
    });
  const before = await count();
  await expect.poll(count, { timeout: 30_000 }).toBeGreaterThan(before + 8);
}

async function untilSettled(): Promise<void> {
  const count = async () =>
    Number((await stage.sql<{ count: string }>('SELECT count(*) FROM rostrum.outbox'))[0]?.count);
  await expect.poll(count, { timeout: 30_000 }).toBe(0);
}

/** Plays a ranking, all of it settled. Returns the state of Redis from the middle of that. */
async function play(leaderboardId: string): Promise<KeptState> {
  const submit = (client: RostrumClient, playerId: string, score: number) =>
    client.scores.submit({ leaderboardId, playerId, score });
  for (let n = 0; n < PLAYERS; n += 1) await submit(a, `p${n}`, n);
  for (const client of [a, b]) await untilIndexed(client, leaderboardId);
  await untilSettled();
  const state = await onRedis(stage.redis.primary, keepState);
  await untilCounted();
  for (let n = 0; n < PLAYERS; n += 1) await submit(a, `p${n}`, 100 + n);
  await submit(b, 'new', 500);
  await untilSettled();
  return state;
}

async function differenceCount(leaderboardId: string): Promise<number> {
  let count = 0;
  for await (const progress of a.admin.verify({ leaderboardId })) count = progress.differenceCount;
  return count;
}

describe('Redis goes back to an earlier state without a restart', () => {
  it.each(['cut', 'frozen'] as const)(
    'while its connections are %s: no server reads what is missing there, and it is made good',
    async (broken) => {
      const leaderboardId = `back-${broken}`;
      const state = await play(leaderboardId);
      for (const { redis } of stage.links) await redis.set(broken);
      await onRedis(stage.redis.primary, (redis) => goBackTo(redis, state));
      for (const { redis } of stage.links) await redis.set('pass');
      for (let n = 0; n < READS; n += 1) {
        for (const client of [a, b]) {
          const { standings, totalPlayers } = await client.standings.listPage({ leaderboardId });
          expect([totalPlayers, standings[0]?.playerId, standings[0]?.score]).toEqual([
            PLAYERS + 1,
            'new',
            500,
          ]);
        }
      }
      for (const client of [a, b]) await untilIndexed(client, leaderboardId);
      const last = { leaderboardId, playerId: 'last', score: 50 };
      await expect
        .poll(async () => (await b.scores.submit(last)).standing.rank, { timeout: 30_000 })
        .toBe(PLAYERS + 2);
      expect(await differenceCount(leaderboardId)).toBe(0);
    },
  );

  it('while its connections are open: every server notices, and it is made good', async () => {
    const leaderboardId = 'back-open';
    const state = await play(leaderboardId);
    await onRedis(stage.redis.primary, (redis) => goBackTo(redis, state));
    for (const client of [a, b]) {
      const top = async () =>
        (await client.standings.listPage({ leaderboardId })).standings[0]?.playerId;
      await expect.poll(top, { timeout: 30_000 }).toBe('new');
    }
    for (const client of [a, b]) await untilIndexed(client, leaderboardId);
    expect(await differenceCount(leaderboardId)).toBe(0);
  });
});
