import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { Config } from './config.js';
import { ReadTurns } from './domain/read-turns.js';
import { identityUse } from './features/admin/identity-use.js';
import { ServerStats } from './features/admin/server-stats.js';
import { adminService, adminServiceDefinition } from './features/admin/wire/handler.js';
import { Directory } from './features/directory/directory.js';
import { PagedFiller } from './features/index/filling/paged-filler.js';
import { ThreadedFiller } from './features/index/filling/threaded-filler.js';
import { IndexBuilder } from './features/index/index-builder.js';
import { IndexGate } from './features/index/index-gate.js';
import { IndexTrust } from './features/index/index-trust.js';
import { IndexWriter } from './features/index/index-writer.js';
import { Projection } from './features/index/projection.js';
import { Settler } from './features/index/settler.js';
import { Sweeper } from './features/index/sweeper.js';
import { Purger } from './features/leaderboards/purger.js';
import { LeaderboardService } from './features/leaderboards/service.js';
import {
  leaderboardService,
  leaderboardServiceDefinition,
} from './features/leaderboards/wire/handler.js';
import { ReadBatcher } from './features/reads/read-batcher.js';
import { Reader } from './features/reads/reader.js';
import { StoreReader } from './features/reads/store-reader.js';
import { ScoreService } from './features/scores/service.js';
import { SubmissionQueue } from './features/scores/submission-queue.js';
import { scoreService, scoreServiceDefinition } from './features/scores/wire/handler.js';
import { standingService, standingServiceDefinition } from './features/standings/wire/handler.js';
import { Verifier } from './features/verification/verifier.js';
import { WatchHub } from './features/watch/watch-hub.js';
import { watchService, watchServiceDefinition } from './features/watch/wire/handler.js';
import type { FillWorkerData } from './fill-worker.js';
import { BatchStats } from './observability/batch-stats.js';
import { Histogram } from './observability/histogram.js';
import type { Logger } from './observability/log.js';
import { MethodStatsRegistry } from './observability/method-stats.js';
import { POOLS } from './pools.js';
import { Database, type DatabaseOptions } from './stores/postgres/database.js';
import { PostgresEntryStore } from './stores/postgres/entry-store.js';
import { PostgresLeaderboardStore } from './stores/postgres/leaderboard-store.js';
import { PostgresLifeStore } from './stores/postgres/life-store.js';
import { PostgresOutbox } from './stores/postgres/outbox.js';
import { PostgresPurgeStore } from './stores/postgres/purge-store.js';
import { PostgresRankingStore } from './stores/postgres/ranking-store.js';
import { SubmissionRetention } from './stores/postgres/retention.js';
import { SchemaKeeper } from './stores/postgres/schema-keeper.js';
import { SessionWatch } from './stores/postgres/session-watch.js';
import { PostgresSubmissionLog } from './stores/postgres/submission-log.js';
import { RedisConnection } from './stores/redis/connection.js';
import { RedisRankingIndex } from './stores/redis/ranking-index.js';
import { RedisSignals } from './stores/redis/signals.js';
import { Health } from './transport/health.js';
import { addReflection } from './transport/reflection.js';
import { GrpcServer } from './transport/server.js';
import { encodeStandingPayload, PAYLOAD_VERSION } from './wire/standing-payload-encoding.js';

const REDIS_COMMAND_TIMEOUT_MS = 2000;
const CONNECT_TIMEOUT_MS = 2000;

const VERSION = readVersion();

/** A server with everything wired and nothing running yet. */
export interface Rostrum {
  readonly server: GrpcServer;
  /** Connects and brings the index up to date, waiting for that at most `patienceMs`. */
  start(patienceMs: number): Promise<void>;
  /** Announces that calls are welcome. Call it when the server listens. */
  announce(): void;
  /** Lets open calls finish for at most `graceMs`, then closes everything. */
  stop(graceMs: number): Promise<void>;
}

/** Constructs and wires all parts of a server process: the only place that does. */
export function compose(config: Config, log: Logger): Rostrum {
  const stats = new MethodStatsRegistry();
  const roundTrips = { postgres: new Histogram(), redis: new Histogram() };

  const sessions = new SessionWatch(config.databaseUrl, (givenUp) =>
    log.warn(givenUp, 'connections to PostgreSQL were dead; new ones are made'),
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
      onRoundTrip: (ms) => roundTrips.postgres.record(ms * 1000),
      ...limits,
    });
  const databases = {
    writes: database('writes', { maxConnections: config.writeLanes, statementTimeoutMs: 10_000 }),
    lookups: database('lookups', POOLS.lookups),
    reads: database('reads', POOLS.reads),
    background: database('background', POOLS.background),
    outbox: database('outbox', POOLS.outbox),
    builds: database('builds', POOLS.builds),
    lease: database('lease', POOLS.lease),
  };
  const redis = new RedisConnection({
    url: config.redisUrl,
    commandTimeoutMs: REDIS_COMMAND_TIMEOUT_MS,
    onRoundTrip: (ms) => roundTrips.redis.record(ms * 1000),
  });
  const signals = new RedisSignals(config.redisUrl);

  const index = new RedisRankingIndex(redis, config.feedRetentionChanges, PAYLOAD_VERSION);
  const entries = new PostgresEntryStore(databases.background, databases.reads);
  const rankings = new PostgresRankingStore(databases.lookups, databases.builds);
  const outbox = new PostgresOutbox(databases.outbox);
  const submissions = new PostgresSubmissionLog(databases.writes, config.idempotencyDays);
  const schema = new SchemaKeeper(databases.background, config.databaseUrl, log);
  const retention = new SubmissionRetention(
    databases.background,
    config.submissionRetentionDays,
    log,
  );

  const trust = new IndexTrust();
  const encodePayload = encodeStandingPayload;
  const largeFiller = new ThreadedFiller(() => startFillWorker(config));
  const filler = new PagedFiller(index, entries, encodePayload, largeFiller);
  const builder = new IndexBuilder({ index, rankings, entries, filler, trust, log });
  const writer = new IndexWriter(index, trust, builder);
  const settler = new Settler(outbox, trust, log);
  const sweeper = new Sweeper({
    outbox,
    entries,
    rankings,
    writer,
    trust,
    encodePayload,
    log,
  });
  const gate = new IndexGate({
    connection: redis,
    lives: new PostgresLifeStore(databases.lease),
    trust,
    recover: () => sweeper.drain(),
    onJoined: (server) => signals.follow(server),
    log,
  });
  const projection = new Projection({ writer, builder, gate, trust, settler, encodePayload });
  const directory = new Directory(rankings, config.createLeaderboards, (ranking) =>
    builder.prepare(ranking),
  );
  const reader = new Reader({
    index,
    batcher: new ReadBatcher(index),
    store: new StoreReader(entries, encodePayload),
    gate,
    trust,
    builder,
  });

  const batches = new BatchStats();
  const queue = new SubmissionQueue(
    submissions,
    projection,
    { batchRecorded: (size) => batches.record(size) },
    {
      lanes: config.writeLanes,
      maxPending: config.maxSubmissions,
      cap: config.identitySubmissions,
    },
  );
  const turns = new ReadTurns();
  const hub = new WatchHub(
    {
      directory,
      reader,
      turns,
      signals,
      reportFault: (fault) => log.error({ err: fault }, 'a watch failed'),
    },
    {
      maxWatches: config.maxWatches,
      identityWatches: config.identityWatches,
      maxRows: config.maxWatchedRows,
      identityRows: config.identityWatchedRows,
    },
  );

  const leaderboards = new LeaderboardService(
    new PostgresLeaderboardStore(databases.lookups, databases.background),
    {
      forget(leaderboardId, removed) {
        directory.forget(leaderboardId);
        for (const rankingNo of removed) trust.forget(rankingNo);
        hub.recheck(leaderboardId);
      },
    },
  );
  const purges = new PostgresPurgeStore(databases.background);
  const purger = new Purger({ store: purges, index: builder, log });

  const server = new GrpcServer({
    log,
    stats,
    internals: config.internals,
    limits: {
      maxConnections: config.maxConnections,
      identityConnections: config.identityConnections,
      totalUnsentBytes: config.maxUnreadBytes,
      connectionUnsentBytes: config.maxConnectionUnreadBytes,
    },
  });
  const serverStats = new ServerStats({
    methods: () => stats.snapshot(),
    submissions: () => {
      const { items, batches: count, sizeP50, sizeMax } = batches.snapshot();
      return {
        committed: items,
        batches: count,
        batchSizeP50: sizeP50,
        batchSizeMax: sizeMax,
        pending: queue.pending,
      };
    },
    watches: () => hub.stats(),
    connections: () => server.connections.count,
    identities: () =>
      identityUse(server.connections.identities, {
        connections: (held) => server.connections.limitOf(held),
        watches: (held) => hub.limitOf(held),
        watchedRows: (held) => hub.rowLimitOf(held),
        submissions: (held) => queue.limitOf(held),
        unsentBytes: (held) => server.unsent.limitOf(held),
      }),
    postgres: () => roundTripTimes(roundTrips.postgres),
    redis: () => roundTripTimes(roundTrips.redis),
    indexState: () => gate.state,
    rebuilding: () => builder.building,
    countOutbox: () => outbox.count(),
  });
  const verifier = new Verifier({ index, rankings, builder, gate, entries, encodePayload });
  server.addService(
    adminServiceDefinition,
    adminService({
      version: VERSION,
      stats: serverStats,
      directory,
      entries,
      verifier,
      builder,
      log,
    }),
  );
  server.addService(leaderboardServiceDefinition, leaderboardService(leaderboards));
  server.addService(scoreServiceDefinition, scoreService(new ScoreService(directory, queue)));
  server.addService(standingServiceDefinition, standingService(directory, reader, turns));
  server.addService(watchServiceDefinition, watchService(directory, hub));
  const health = new Health([...server.services]);
  health.addTo(server);
  addReflection(server);
  server.onDrain(() => hub.endAll());

  return {
    server,

    async start(patienceMs) {
      await schema.start();
      retention.start();
      gate.start();
      const patience = Promise.withResolvers<void>();
      const timer = setTimeout(() => {
        log.warn(
          { state: gate.state },
          'starting without the index; reads go to the store of record',
        );
        patience.resolve();
      }, patienceMs);
      await Promise.race([gate.whenOpen(), patience.promise]);
      clearTimeout(timer);
      sweeper.start(() => gate.isOpen);
      purger.start(() => gate.isOpen);
    },

    announce() {
      health.setAll(true);
    },

    async stop(graceMs) {
      await server.drain(graceMs);
      schema.stop();
      await Promise.all([sweeper.stop(), purger.stop(), retention.stop()]);
      await largeFiller.close();
      await settler.flush();
      gate.close();
      signals.close();
      redis.close();
      await Promise.all(Object.values(databases).map((each) => each.close()));
      await sessions.close();
    },
  };
}

function startFillWorker(config: Config): Worker {
  const { databaseUrl, redisUrl, feedRetentionChanges } = config;
  const workerData: FillWorkerData = { databaseUrl, redisUrl, feedRetentionChanges };
  return new Worker(new URL('./fill-worker.js', import.meta.url), {
    workerData,
    // More than it needs; beyond it the thread ends, not the process.
    resourceLimits: { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 16 },
  });
}

function roundTripTimes(microseconds: Histogram): { p50Ms: number; p99Ms: number } {
  return {
    p50Ms: microseconds.quantile(0.5) / 1000,
    p99Ms: microseconds.quantile(0.99) / 1000,
  };
}

function readVersion(): string {
  const file = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(file) as { version: string }).version;
}
