import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest';
import type { LocalRedis } from '../../../../scripts/services/redis.ts';
import { RedisPair } from '../../../test/machine/stage/redis-pair.ts';
import { identify, isStill } from './identity.js';

let pair: RedisPair;
const opened: Redis[] = [];

beforeAll(async () => {
  pair = await RedisPair.start(join(inject('temporaryDirectory'), `identity-${process.pid}`));
});

afterEach(() => {
  for (const redis of opened.splice(0)) redis.disconnect();
});

afterAll(async () => {
  await pair?.stop();
});

function open(server: LocalRedis): Redis {
  const redis = new Redis(server.url());
  redis.on('error', () => {});
  opened.push(redis);
  return redis;
}

test('a primary is one, and stays the same whatever happens to its data', async () => {
  const redis = open(pair.primary);
  const identity = await identify(redis);
  expect(identity.isPrimary).toBe(true);
  await redis.set('a', 1);
  await redis.flushall();
  expect(await identify(open(pair.primary))).toEqual(identity);
  expect(await isStill(identity, redis)).toBe(true);
});

test('a replica is none, and another one when it is promoted', async () => {
  const [primary, replica] = [open(pair.primary), open(pair.replica)];
  const [of, before] = [await identify(primary), await identify(replica)];
  expect(before.isPrimary).toBe(false);
  expect(await isStill(before, replica)).toBe(false);
  await pair.promote();
  const after = await identify(replica);
  expect(after.isPrimary).toBe(true);
  expect(new Set([of, before, after].map(({ redis }) => redis)).size).toBe(3);
  // The one before knows nothing of it.
  expect(await isStill(of, primary)).toBe(true);
});

test('a primary that was a replica for a while, and is promoted again, is another', async () => {
  const redis = open(pair.primary);
  const first = await identify(redis);
  await pair.follow();
  await pair.promote();
  await pair.follow();
  expect(await isStill(first, redis)).toBe(false);
  await pair.promote();
  const again = await identify(redis);
  expect(again.isPrimary).toBe(true);
  expect(again.redis).not.toBe(first.redis);
  expect(await isStill(first, redis)).toBe(false);
  expect(await isStill(again, redis)).toBe(true);
});

test('one that is promoted a second time from the same primary is another', async () => {
  const [primary, replica] = [open(pair.primary), open(pair.replica)];
  await pair.promote();
  const first = await identify(replica);
  // The primary of before goes on as it was, and has the other as its replica again.
  pair.becamePrimary(pair.replica);
  await pair.follow();
  await primary.set('a', 2);
  await primary.wait(1, 1_000);
  await pair.promote();
  const second = await identify(replica);
  expect(second.isPrimary).toBe(true);
  expect(second.redis).not.toBe(first.redis);
  expect(await isStill(first, replica)).toBe(false);
});

test('a primary that has had no replica for long forgets its promotion, and stays the same', async () => {
  await pair.follow();
  const replica = open(pair.replica);
  await replica.config('SET', 'repl-backlog-ttl', '1');
  await pair.promote();
  const identity = await identify(replica);
  expect(await isStill(identity, replica)).toBe(true);
  await expect
    .poll(() => replica.info('replication'), { timeout: 10_000 })
    .toMatch(/master_replid2:0{40}/);
  expect(await isStill(identity, replica)).toBe(true);
});

test('one that was started again is another', async () => {
  const before = await identify(open(pair.primary));
  await pair.primary.kill();
  await pair.primary.start();
  expect((await identify(open(pair.primary))).redis).not.toBe(before.redis);
});

test('one that says too little is refused', async () => {
  const redis = open(pair.primary);
  await redis.acl('SETUSER', 'mute', 'on', 'nopass', '+ping');
  const url = new URL(pair.primary.url());
  url.username = 'mute';
  const mute = new Redis(url.href, { enableReadyCheck: false });
  mute.on('error', () => {});
  opened.push(mute);
  await expect(identify(mute)).rejects.toThrow(/NOPERM/);
});
