import { expect, it, vi } from 'vitest';
import { Histogram } from '../../observability/histogram.js';
import type { StatsSources } from './ports.js';
import { ServerStats } from './server-stats.js';
import { toStatsResponse } from './wire/stats-conversion.js';

function sources(changed: Partial<StatsSources>): StatsSources {
  const roundTrips = { postgres: new Histogram(), redis: new Histogram() };
  roundTrips.postgres.record(2_000_250);
  roundTrips.redis.record(1_500);
  return {
    methods: () => [
      {
        ...{ method: '/a/b', calls: 3, errors: 1, cancelled: 2 },
        ...{
          codes: { NOT_FOUND: 1, CANCELLED: 2 },
          open: 0,
          p50Ms: 0.001,
          p99Ms: 1,
          maxMs: 1_234.5,
        },
      },
    ],
    submissions: () => ({
      committed: 10,
      batches: 4,
      batchSizeP50: 2,
      batchSizeMax: 5,
      pending: 1,
    }),
    watches: () => ({
      viewWatchers: 1,
      views: 2,
      rows: 6,
      feedWatchers: 3,
      messagesSent: 4,
      messagesEncoded: 2,
      slowEnded: 5,
    }),
    connections: () => 6,
    identities: () => [
      {
        identity: 'writer/game',
        connections: 2,
        watches: 3,
        watchedRows: 8,
        submissions: 4,
        unsentBytes: 5,
        refused: 6,
        fullest: 'unsentBytes',
        fullestPercent: 7,
      },
    ],
    roundTrips,
    indexState: () => 'open',
    indexTrouble: () => '',
    writeTrouble: () => '',
    rebuilding: () => 7,
    countOutbox: async () => 8,
    worker: 5,
    workers: 4,
    ...changed,
  };
}

it('gives every number in the units of the contract', async () => {
  const response = toStatsResponse('1.2.3', await new ServerStats(sources({})).snapshot());
  expect(response).toMatchObject({
    version: '1.2.3',
    connections: 6,
    methods: [
      {
        fullMethod: '/a/b',
        calls: 3n,
        errors: 1n,
        cancelled: 2n,
        codes: { NOT_FOUND: 1n, CANCELLED: 2n },
        p50: { seconds: 0n, nanos: 1_000 },
        p99: { seconds: 0n, nanos: 1_000_000 },
        longest: { seconds: 1n, nanos: 234_500_000 },
      },
    ],
    submissions: { committed: 10n, batches: 4n, batchSizeP50: 2, batchSizeMax: 5, pending: 1 },
    watches: {
      standingsWatchers: 1,
      views: 2,
      rows: 6,
      changesWatchers: 3,
      messages: 4n,
      slowWatchersEnded: 5n,
    },
    stores: [
      { name: 'postgres', healthy: true, p99: { seconds: 2n, nanos: 250_000 } },
      { name: 'redis', healthy: true, p50: { seconds: 0n, nanos: 1_500_000 } },
    ],
    outboxPending: 8n,
    rebuilding: 7,
    worker: 5,
    workers: 4,
    identities: [
      {
        identity: 'writer/game',
        connections: 2,
        watches: 3,
        watchedRows: 8,
        submissions: 4,
        unreadBytes: 5n,
        refused: 6n,
        fullest: 'unread_bytes',
        fullestPercent: 7,
      },
    ],
  });
});

it('started once, whatever the clock does', async () => {
  const stats = new ServerStats(sources({}));
  const before = await stats.snapshot();
  vi.spyOn(Date, 'now').mockReturnValue(before.startTimeMs + 86_400_000);
  const after = await stats.snapshot();
  vi.restoreAllMocks();
  expect(after.startTimeMs).toBe(before.startTimeMs);
  expect(after.uptimeMs).toBeGreaterThan(before.uptimeMs);
  expect(Number.isInteger(before.startTimeMs)).toBe(true);
});

it('a store of record that does not answer holds the statistics back for half a second', async () => {
  let countOutbox = async () => 8;
  const stats = new ServerStats(sources({ countOutbox: () => countOutbox() }));
  await stats.snapshot();
  let asked = 0;
  countOutbox = () => {
    asked += 1;
    return new Promise(() => {});
  };
  const start = performance.now();
  const both = await Promise.all([stats.snapshot(), stats.snapshot()]);
  expect(performance.now() - start).toBeLessThan(2_000);
  // One question, however many callers; and the last answer that there was.
  expect(asked).toBe(1);
  for (const { stores, outboxPending } of both) {
    expect(stores[0]).toMatchObject({ healthy: false, state: 'no answer within 500 ms' });
    expect(outboxPending).toBe(8);
  }
});

it.each([
  ['lost', false],
  ['recovering', false],
  ['open', true],
] as const)('an index that is %s is healthy: %s', async (state, healthy) => {
  const stats = new ServerStats(
    sources({ indexState: () => state, countOutbox: () => Promise.reject(new Error('away')) }),
  );
  const { stores } = await stats.snapshot();
  expect(stores.map((store) => store.healthy)).toEqual([false, healthy]);
  for (const store of stores) expect(store.state).not.toBe('');
});

it('a store that refused the last write is not healthy, though it answers', async () => {
  const writeTrouble = () => 'No space left on device (53100)';
  const stats = new ServerStats(sources({ writeTrouble }));
  expect((await stats.snapshot()).stores[0]).toMatchObject({
    healthy: false,
    state: 'refused the last write: No space left on device (53100); reads go on',
  });
});
