import type { Config } from '../config.js';
import { StoreOutage } from '../domain/outage.js';
import { Histogram } from '../observability/histogram.js';
import type { Logger } from '../observability/log.js';
import { POOLS } from '../pools.js';
import { Database, type DatabaseOptions } from '../stores/postgres/database.js';
import { PostgresEntryStore } from '../stores/postgres/entry-store.js';
import { PostgresLeaderboardStore } from '../stores/postgres/leaderboard-store.js';
import { PostgresLifeStore } from '../stores/postgres/life-store.js';
import { OutageLog, REFUSES_WRITES } from '../stores/postgres/outage-log.js';
import { PostgresOutbox } from '../stores/postgres/outbox.js';
import { PostgresPurgeStore } from '../stores/postgres/purge-store.js';
import { PostgresRankingStore } from '../stores/postgres/ranking-store.js';
import { SubmissionRetention } from '../stores/postgres/retention.js';
import { SchemaKeeper } from '../stores/postgres/schema-keeper.js';
import { SessionWatch } from '../stores/postgres/session-watch.js';
import { PostgresSubmissionLog } from '../stores/postgres/submission-log.js';
import { RedisConnection } from '../stores/redis/connection.js';
import { RedisRankingIndex } from '../stores/redis/ranking-index.js';
import { RedisSignals } from '../stores/redis/signals.js';
import { PAYLOAD_VERSION } from '../wire/standing-payload-encoding.js';

const REDIS_COMMAND_TIMEOUT_MS = 2000;
const CONNECT_TIMEOUT_MS = 2000;
/**
 * For a batch of submissions. Those that come while one hangs wait for it and then for a connection,
 * 8 s together. Clients have a deadline of 10 s by default, so the server can still say what is wrong.
 */
const WRITE_LIMITS = { statementTimeoutMs: 6_000, answerTimeoutMs: 6_000 };

export type Stores = ReturnType<typeof composeStores>;

/** The stores, and their connections. */
export function composeStores(config: Config, log: Logger) {
  const roundTrips = { postgres: new Histogram(), redis: new Histogram() };

  const outage = new OutageLog(log);
  const refusals = new OutageLog(log, undefined, REFUSES_WRITES);
  const sessions = new SessionWatch(
    config.databaseUrl,
    (givenUp) => log.warn(givenUp, 'connections to PostgreSQL were dead; new ones are made'),
    () => log.warn({}, 'dead connections to PostgreSQL are found late'),
  );
  const database = (
    name: string,
    limits: Pick<DatabaseOptions, 'maxConnections' | 'statementTimeoutMs'> &
      Partial<DatabaseOptions>,
  ) =>
    new Database({
      url: config.databaseUrl,
      name,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      watch: sessions,
      outage,
      refusals,
      onRoundTrip: (ms) => roundTrips.postgres.record(ms * 1000),
      ...limits,
    });
  const databases = {
    writes: database('writes', {
      maxConnections: config.writeLanes,
      writes: true,
      ...WRITE_LIMITS,
    }),
    lookups: database('lookups', POOLS.lookups),
    settings: database('settings', POOLS.settings),
    reads: database('reads', POOLS.reads),
    background: database('background', POOLS.background),
    outbox: database('outbox', POOLS.outbox),
    builds: database('builds', POOLS.builds),
    lease: database('lease', POOLS.lease),
  };
  // Without the password.
  const address = new URL(config.redisUrl).host;
  const redis = new RedisConnection({
    url: config.redisUrl,
    commandTimeoutMs: REDIS_COMMAND_TIMEOUT_MS,
    onRoundTrip: (ms) => roundTrips.redis.record(ms * 1000),
    onTrouble: (reason) =>
      log.warn({ address, err: new StoreOutage(reason) }, 'Redis cannot be used'),
  });
  const signals = new RedisSignals(config.redisUrl);

  return {
    roundTrips,
    /** Why PostgreSQL refused the last write; empty if it did not. */
    writeTrouble: () => refusals.reason,
    redis,
    signals,
    index: new RedisRankingIndex(redis, config.feedRetentionChanges, PAYLOAD_VERSION),
    lives: new PostgresLifeStore(databases.lease),
    entries: new PostgresEntryStore(databases.background, databases.reads),
    rankings: new PostgresRankingStore(databases.lookups, databases.builds),
    outbox: new PostgresOutbox(databases.outbox),
    submissions: new PostgresSubmissionLog(databases.writes, config.idempotencyDays),
    leaderboards: new PostgresLeaderboardStore(databases.settings, databases.background),
    purges: new PostgresPurgeStore(databases.background),
    schema: new SchemaKeeper(databases.background, config.databaseUrl, log),
    retention: new SubmissionRetention(databases.background, config.submissionRetentionDays, log),

    async close(): Promise<void> {
      signals.close();
      redis.close();
      await Promise.all(Object.values(databases).map((each) => each.close()));
      await sessions.close();
    },
  };
}
