import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { freePort } from '../../../../scripts/services/free-port.ts';
import type { LocalRedis } from '../../../../scripts/services/redis.ts';
import { startOwnRedis } from '../../../test/support/own-services.ts';
import { RedisConnection } from './connection.js';

let server: LocalRedis;
let connection: RedisConnection;

beforeAll(async () => {
  server = await startOwnRedis({ appendOnly: false });
  const admin = new Redis(server.url());
  await admin.acl('SETUSER', 'weak', 'on', '>secret', '~*', '&*', '+ping');
  admin.disconnect();
});

afterEach(() => {
  connection.close();
});

afterAll(async () => {
  await server?.kill();
});

/** The first reason that is told of a connection to this URL. */
function trouble(change: (url: URL) => void): Promise<string> {
  const url = new URL(server.url());
  change(url);
  return new Promise((resolve) => {
    connection = new RedisConnection({
      url: url.href,
      commandTimeoutMs: 2_000,
      onTrouble: resolve,
    });
  });
}

test.each([
  [
    'a wrong password',
    { password: 'wrong' },
    'the user or the password in REDIS_URL is wrong: WRONGPASS',
  ],
  ['no password', { username: '', password: '' }, 'REDIS_URL needs a password: NOAUTH'],
  [
    'too few rights',
    { username: 'weak', password: 'secret' },
    'the user in REDIS_URL lacks rights: NOPERM',
  ],
] as const)('%s is told in words', async (_what, change, words) => {
  expect(await trouble((url) => Object.assign(url, change))).toContain(words);
  expect(connection.trouble).toContain(words);
  expect(connection.connected).toBe(false);
});

test('an address at which nobody listens is told', async () => {
  const port = await freePort();
  expect(await trouble((url) => Object.assign(url, { port: String(port) }))).toBe(
    'nobody listens there (ECONNREFUSED)',
  );
});

test('a Redis that hangs is told, in no words of the driver, and is no trouble any more when it goes on', async () => {
  const pid = server.pid as number;
  process.kill(pid, 'SIGSTOP');
  try {
    expect(await trouble(() => {})).toBe('no answer in time');
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  await new Promise<void>((resolve) => connection.onReady(resolve));
  expect(connection.trouble).toBe('');
});

test('what is under way when the connection breaks fails in plain words', async () => {
  connection = new RedisConnection({ url: server.url(), commandTimeoutMs: 2_000 });
  await new Promise<void>((resolve) => connection.onReady(resolve));
  const pid = server.pid as number;
  process.kill(pid, 'SIGSTOP');
  const failure = connection.ping().then(
    () => 'answered',
    (error: Error) => error.message,
  );
  await server.kill();
  expect(await failure).toMatch(/^redis: ping: (the connection broke|there is no connection)$/);
  await server.start();
});
