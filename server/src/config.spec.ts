import { expect, test } from 'vitest';
import { ConfigError, readConfig, SETTINGS, unknownSettings } from './config.js';

const STORES = {
  DATABASE_URL: 'postgres://a:secret@db/rostrum',
  REDIS_URL: 'redis://cache:6379/0',
};

function problemsOf(env: Record<string, string>): readonly string[] {
  try {
    readConfig(env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n');
    throw error;
  }
}

test('only the stores must be named; everything else has its default', () => {
  expect(readConfig(STORES)).toEqual({
    address: { host: 'localhost', port: 50051 },
    databaseUrl: STORES.DATABASE_URL,
    redisUrl: STORES.REDIS_URL,
    tlsCa: 'certs/dev/ca.crt',
    tlsCert: 'certs/dev/server.crt',
    tlsKey: 'certs/dev/server.key',
    workers: 1,
    logLevel: 'info',
    createLeaderboards: true,
    writeLanes: 1,
    feedRetentionChanges: 100_000,
    idempotencyDays: 31,
    submissionRetentionDays: 0,
    maxWatches: 20_000,
    maxWatchedRows: 250_000,
    maxConnections: 20_000,
    maxSubmissions: 50_000,
    maxUnreadBytes: 256 * 1024 * 1024,
    maxConnectionUnreadBytes: 64 * 1024 * 1024,
    identityConnections: { share: 0.9, most: Number.POSITIVE_INFINITY },
    identityWatches: { share: 0.9, most: Number.POSITIVE_INFINITY },
    identityWatchedRows: { share: 0.9, most: Number.POSITIVE_INFINITY },
    identitySubmissions: { share: 0.9, most: Number.POSITIVE_INFINITY },
    shutdownGraceMs: 10_000,
    internals: ['stream-table', 'frame-batch', 'request-headers', 'incomplete-requests'],
  });
});

test('an empty value counts as not set', () => {
  expect(readConfig({ ...STORES, ROSTRUM_WORKERS: ' ' }).workers).toBe(1);
  expect(problemsOf({ ...STORES, REDIS_URL: '' })).toEqual(['REDIS_URL must be set']);
});

test('all that is wrong is told at once, each with what is expected', () => {
  expect(
    problemsOf({
      ...STORES,
      ROSTRUM_ADDRESS: 'localhost',
      ROSTRUM_WORKERS: '0',
      ROSTRUM_WRITE_LANES: '2.5',
      ROSTRUM_LOG_LEVEL: 'loud',
      ROSTRUM_CREATE_LEADERBOARDS: 'yes',
    }),
  ).toEqual([
    'ROSTRUM_ADDRESS is "localhost"; it must be host:port, such as localhost:50051 or [::]:50051',
    'ROSTRUM_WORKERS is "0"; it must be a whole number from 1 to 64',
    'ROSTRUM_LOG_LEVEL is "loud"; it must be one of fatal, error, warn, info, debug, trace, silent',
    'ROSTRUM_CREATE_LEADERBOARDS is "yes"; it must be one of on, off',
    'ROSTRUM_WRITE_LANES is "2.5"; it must be a whole number from 1 to 32',
  ]);
});

test('submissions are kept for ever, or as long as their ids are recognised', () => {
  const days = (retention: string, idempotency = '31') => ({
    ...STORES,
    ROSTRUM_SUBMISSION_RETENTION_DAYS: retention,
    ROSTRUM_IDEMPOTENCY_DAYS: idempotency,
  });
  for (const forEver of ['', '0']) {
    expect(readConfig(days(forEver)).submissionRetentionDays).toBe(0);
  }
  expect(readConfig(days('7', '7')).submissionRetentionDays).toBe(7);
  expect(problemsOf(days('30'))).toEqual([
    'ROSTRUM_SUBMISSION_RETENTION_DAYS is "30"; it must be 0, or at least ROSTRUM_IDEMPOTENCY_DAYS, which is 31',
  ]);
});

test('a wrong URL is refused without showing its password', () => {
  const problems = problemsOf({ ...STORES, DATABASE_URL: 'mysql://a:secret@db/x' });
  expect(problems).toEqual([
    'DATABASE_URL must be a URL of the form postgres://… or postgresql://…',
  ]);
});

test.each([
  ['0.0.0.0:0', { host: '0.0.0.0', port: 0 }],
  ['[::1]:50051', { host: '::1', port: 50051 }],
  ['rostrum.example:443', { host: 'rostrum.example', port: 443 }],
])('%s is an address', (text, address) => {
  expect(readConfig({ ...STORES, ROSTRUM_ADDRESS: text }).address).toEqual(address);
});

test.each(['localhost:65536', '::1:50051', ':50051', 'a b:1', 'host:', 'host:x'])(
  '%s is no address',
  (text) => {
    expect(problemsOf({ ...STORES, ROSTRUM_ADDRESS: text })).toHaveLength(1);
  },
);

test('what one identity may have is a share or a number', () => {
  const capOf = (text: string) =>
    readConfig({ ...STORES, ROSTRUM_IDENTITY_WATCHES: text }).identityWatches;
  expect(capOf('25%')).toEqual({ share: 0.25, most: Number.POSITIVE_INFINITY });
  expect(capOf('300')).toEqual({ share: 1, most: 300 });
  for (const wrong of ['0', '0%', '101%', '1.5', '-1', 'all']) {
    expect(problemsOf({ ...STORES, ROSTRUM_IDENTITY_WATCHES: wrong })).toEqual([
      `ROSTRUM_IDENTITY_WATCHES is "${wrong}"; it must be a share from 1% to 100%, or a whole number from 1 on`,
    ]);
  }
});

test('private parts of others are used as a whole, not at all, or in part', () => {
  const used = (text: string) => readConfig({ ...STORES, ROSTRUM_INTERNALS: text }).internals;
  expect(used('none')).toEqual([]);
  expect(used('frame-batch, stream-table')).toEqual(['stream-table', 'frame-batch']);
  expect(problemsOf({ ...STORES, ROSTRUM_INTERNALS: 'tables' })).toEqual([
    'ROSTRUM_INTERNALS is "tables"; it must be all, none, or some of stream-table, frame-batch, request-headers, incomplete-requests',
  ]);
});

test('a misspelt setting is noticed', () => {
  expect(unknownSettings({ ROSTRUM_WORKER: '2', ROSTRUM_WORKERS: '2', PATH: '' })).toEqual([
    'ROSTRUM_WORKER',
  ]);
});

test('every setting is explained', () => {
  for (const { name, meaning } of Object.values(SETTINGS)) expect(meaning, name).toMatch(/\w{3}/);
});
