import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { goBackTo, keepState } from '../../../test/support/kept-state.ts';
import { TestIndex } from '../../../test/support/test-index.ts';
import { createTestRedis, type TestRedis } from '../../../test/support/test-redis.ts';
import type { LifeId } from '../../domain/index-rules.js';
import { RedisConnection } from './connection.js';
import { beatKey } from './keys.js';

const LIFE = 'life' as LifeId;

describe('a Redis that returns to an earlier state', () => {
  let own: TestRedis;
  let direct: Redis;
  const connections: RedisConnection[] = [];

  beforeEach(async () => {
    own = await createTestRedis();
    direct = new Redis(own.url);
  });

  afterEach(async () => {
    for (const connection of connections.splice(0)) connection.close();
    direct.disconnect();
    await own[Symbol.asyncDispose]();
  });

  async function connect(): Promise<RedisConnection> {
    const connection = new RedisConnection({ url: own.url, commandTimeoutMs: 2_000 });
    connections.push(connection);
    await new Promise<void>((resolve) => connection.onReady(resolve));
    return connection;
  }

  const looks = (connection: RedisConnection, times: number): Promise<boolean[]> =>
    Promise.all(Array.from({ length: times }, () => connection.hasGoneBack(LIFE)));

  it('has gone back for whoever saw a later one, however often it is asked', async () => {
    const [a, b] = [await connect(), await connect()];
    expect(await looks(a, 2)).toEqual([false, false]);
    const state = await keepState(direct);
    expect(await looks(a, 2)).toEqual([false, false]);
    expect(await looks(b, 1)).toEqual([false]);
    await goBackTo(direct, state);
    expect([await looks(a, 2), await looks(b, 2)]).toEqual([
      [true, true],
      [true, true],
    ]);
    // A server that starts now cannot know; nor does its count hide it from the others.
    expect(await looks(await connect(), 1)).toEqual([false]);
    expect(await looks(a, 1)).toEqual([true]);
    // In another life it is the state that counts.
    expect(await a.hasGoneBack('next' as LifeId)).toBe(false);
  });

  it('is left by a server that is in the life, as soon as it looks', async () => {
    const connection = await connect();
    await connection.hasGoneBack(LIFE);
    connection.admit(connection.redis);
    const state = await keepState(direct);
    const countOf = async () => Number(await direct.get(beatKey(LIFE)));
    const before = await countOf();
    // It looks by itself.
    await expect.poll(countOf, { timeout: 10_000 }).toBeGreaterThan(before + 1);
    const lost = new Promise<void>((resolve) => connection.onLost(resolve));
    await goBackTo(direct, state);
    await lost;
  });

  it('has not gone back when it lost everything, as then no index is whole', async () => {
    const [a, b] = [await connect(), await connect()];
    await looks(a, 1);
    await looks(b, 3);
    await own.flush();
    // Whoever looks first had seen least.
    expect([await looks(a, 2), await looks(b, 2)]).toEqual([
      [false, false],
      [false, false],
    ]);
  });
});

describe('an index that shows an earlier revision than it did', () => {
  let stage: TestIndex;
  let direct: Redis;

  beforeEach(async () => {
    stage = await TestIndex.start();
    direct = new Redis(stage.redisUrl);
  });

  afterEach(async () => {
    direct.disconnect();
    await stage.stop();
  });

  it('counts as absent in every answer, and is built anew', async () => {
    const ranking = await stage.makeRanking(3, 2, 1);
    const { epoch } = await stage.index.state(ranking);
    if (epoch === undefined) throw new Error('the ranking has no index');
    const state = await keepState(direct);
    const later = await stage.commit(ranking, 'd', 9);
    const apply = () => stage.index.apply(ranking, epoch, [later]);
    expect((await apply()).status).toBe('applied');
    await stage.sql('DELETE FROM rostrum.outbox');
    await goBackTo(direct, state);
    const all = { kind: 'range', start: 0, count: 10 } as const;
    expect((await stage.index.read(ranking, epoch, [all])).status).toBe('absent');
    expect((await stage.index.readChanges(ranking, epoch, 0, 10)).status).toBe('absent');
    expect((await stage.index.state(ranking)).epoch).toBeUndefined();
    const other = await stage.commit(ranking, 'c', 1);
    expect((await stage.index.apply(ranking, epoch, [other])).status).toBe('absent');
    // Its revision is that of before again, and it has other changes.
    expect(await stage.own.builder.check(ranking)).toBe(false);
    await stage.own.builder.builtWithin(ranking, 10_000);
    expect(await stage.shown(ranking)).toEqual(['d 9', 'a 3', 'b 2', 'c 1']);
  });
});
