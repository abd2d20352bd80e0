import cluster from 'node:cluster';
import { readFileSync } from 'node:fs';
import type { Config } from '../config.js';
import type { LeaderboardId } from '../domain/ids.js';
import { ReadTurns } from '../domain/read-turns.js';
import { identityUse } from '../features/admin/identity-use.js';
import { ServerStats } from '../features/admin/server-stats.js';
import { adminService, adminServiceDefinition } from '../features/admin/wire/handler.js';
import { Directory } from '../features/directory/directory.js';
import { Purger } from '../features/leaderboards/purger.js';
import { LeaderboardService } from '../features/leaderboards/service.js';
import {
  leaderboardService,
  leaderboardServiceDefinition,
} from '../features/leaderboards/wire/handler.js';
import { ScoreService } from '../features/scores/service.js';
import { SubmissionQueue } from '../features/scores/submission-queue.js';
import { scoreService, scoreServiceDefinition } from '../features/scores/wire/handler.js';
import { standingService, standingServiceDefinition } from '../features/standings/wire/handler.js';
import { WatchHub } from '../features/watch/watch-hub.js';
import { watchService, watchServiceDefinition } from '../features/watch/wire/handler.js';
import { BatchStats } from '../observability/batch-stats.js';
import type { Logger } from '../observability/log.js';
import type { MethodStatsRegistry } from '../observability/method-stats.js';
import type { GrpcServer } from '../transport/server.js';
import type { Index } from './ranking-index.js';
import type { Stores } from './stores.js';

const VERSION = readVersion();

/** The services of the contract, and the background work beside them. A new feature is wired here. */
export function composeFeatures(
  config: Config,
  stores: Stores,
  { builder, gate, projection, reader, verifier }: Index,
  { server, methods }: { readonly server: GrpcServer; readonly methods: MethodStatsRegistry },
  log: Logger,
) {
  const directory = new Directory(stores.rankings, config.createLeaderboards, (ranking) =>
    builder.prepare(ranking),
  );
  const batches = new BatchStats();
  const queue = new SubmissionQueue(stores.submissions, projection, batches, {
    lanes: config.writeLanes,
    maxPending: config.maxSubmissions,
    cap: config.identitySubmissions,
  });
  const turns = new ReadTurns();
  const hub = new WatchHub(
    directory,
    {
      reader,
      turns,
      signals: stores.signals,
      reportFault: (fault) => log.error({ err: fault }, 'a watch failed'),
    },
    {
      maxWatches: config.maxWatches,
      identityWatches: config.identityWatches,
      maxRows: config.maxWatchedRows,
      identityRows: config.identityWatchedRows,
    },
  );

  const lookAgain = (leaderboardId: LeaderboardId) => {
    directory.forget(leaderboardId);
    hub.recheck(leaderboardId);
  };
  stores.signals.onBoardChanged(lookAgain);
  const leaderboards = new LeaderboardService(stores.leaderboards, (leaderboardId) => {
    lookAgain(leaderboardId);
    stores.redis.tellBoardChanged(leaderboardId);
  });
  const purger = new Purger(stores.purges, builder, log);

  const serverStats = new ServerStats({
    methods: () => methods.snapshot(),
    submissions: () => ({ ...batches.snapshot(), pending: queue.pending }),
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
    roundTrips: stores.roundTrips,
    indexState: () => gate.state,
    indexTrouble: () => stores.redis.trouble,
    writeTrouble: stores.writeTrouble,
    rebuilding: () => builder.building,
    countOutbox: () => stores.outbox.count(),
    worker: cluster.worker?.id ?? 1,
    workers: config.workers,
  });

  server.addService(
    adminServiceDefinition,
    adminService({
      ...{ version: VERSION, stats: serverStats, directory, verifier, builder, log },
      entries: stores.entries,
    }),
  );
  server.addService(leaderboardServiceDefinition, leaderboardService(leaderboards));
  server.addService(scoreServiceDefinition, scoreService(new ScoreService(directory, queue)));
  server.addService(standingServiceDefinition, standingService(directory, reader, turns));
  server.addService(watchServiceDefinition, watchService(directory, hub));
  server.onDrain(() => hub.endAll());
  return { purger };
}

function readVersion(): string {
  const file = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(file) as { version: string }).version;
}
