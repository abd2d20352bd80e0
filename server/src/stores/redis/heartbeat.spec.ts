import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { LocalRedis } from '../../../../scripts/services/redis.ts';
import { LinkProxy } from '../../../test/machine/stage/link-proxy.ts';
import { startOwnRedis } from '../../../test/support/own-services.ts';
import { watchConnection } from './heartbeat.js';
import { RedisLink } from './redis-link.js';

let server: LocalRedis;
let link: LinkProxy;
let watched: RedisLink;
let redis: Redis;
let stop = () => {};

beforeAll(async () => {
  server = await startOwnRedis({ appendOnly: false });
});

beforeEach(async () => {
  link = await LinkProxy.open(server.port);
});

afterEach(async () => {
  stop();
  watched.close();
  await link.close();
});

afterAll(async () => {
  await server?.kill();
});

/** Without a timeout of commands: only the heartbeat can notice anything. */
function open(): void {
  const url = new URL(server.url());
  url.port = String(link.port);
  const ask = () => watched.redis.ping();
  watched = new RedisLink({ url: url.href, name: 'test', ask, onIdentified: () => {} });
  redis = watched.redis;
}

test('gives up a connection whose other end vanished, and the driver makes another', async () => {
  open();
  await once(redis, 'ready');
  await link.set('frozen');
  await link.set('pass');
  const closed = once(redis, 'close');
  const answer = redis.get('x').catch((error: Error) => error);
  await closed;
  expect(await answer).toBeInstanceOf(Error);
  await once(redis, 'ready');
  expect(await redis.ping()).toBe('PONG');
});

test('gives up one on which subscriptions wait', async () => {
  open();
  await once(redis, 'ready');
  await redis.subscribe('channel');
  await link.set('frozen');
  await link.set('pass');
  await once(redis, 'close');
  await once(redis, 'ready');
  expect(await redis.ping()).toBe('PONG');
});

test('gives up one that is taken and never says anything', async () => {
  await link.set('hole');
  open();
  await once(redis, 'connect');
  await once(redis, 'close');
  await link.set('pass');
  await once(redis, 'ready');
  expect(await redis.ping()).toBe('PONG');
});

test('keeps one that answers, late or with an error', async () => {
  open();
  await once(redis, 'ready');
  let closed = 0;
  redis.on('close', () => {
    closed += 1;
  });
  await redis.client('PAUSE', 600, 'ALL');
  await redis.ping();
  let asked = 0;
  stop = watchConnection(redis, () => {
    asked += 1;
    return redis.call('NO-SUCH-COMMAND');
  });
  while (asked < 7) await delay(20);
  expect(closed).toBe(0);
});

test('keeps one that answered while this process stood still', async () => {
  open();
  await once(redis, 'ready');
  let closed = 0;
  redis.on('close', () => {
    closed += 1;
  });
  for (let times = 0; times < 4; times += 1) {
    // In the middle of a question, or before it.
    await delay(180);
    const until = performance.now() + 1_300;
    while (performance.now() < until);
  }
  await delay(300);
  expect(closed).toBe(0);
});
