import type { GetServerStatsResponse } from '../../../gen/rostrum/v1/admin.js';
import { toDuration, toTimestamp } from '../../../wire/time.js';
import type { ServerSnapshot } from '../server-stats.js';

export function toStatsResponse(version: string, stats: ServerSnapshot): GetServerStatsResponse {
  const { submissions, watches } = stats;
  return {
    version,
    startTime: toTimestamp(stats.startTimeMs * 1000),
    uptime: toDuration(stats.uptimeMs),
    connections: stats.connections,
    methods: stats.methods.map((use) => ({
      fullMethod: use.method,
      calls: BigInt(use.calls),
      errors: BigInt(use.errors),
      cancelled: BigInt(use.cancelled),
      codes: Object.fromEntries(
        Object.entries(use.codes).map(([code, calls]) => [code, BigInt(calls)]),
      ),
      p50: toDuration(use.p50Ms),
      p99: toDuration(use.p99Ms),
      longest: toDuration(use.maxMs),
    })),
    submissions: {
      ...submissions,
      committed: BigInt(submissions.committed),
      batches: BigInt(submissions.batches),
    },
    watches: {
      standingsWatchers: watches.viewWatchers,
      views: watches.views,
      rows: watches.rows,
      changesWatchers: watches.feedWatchers,
      messages: BigInt(watches.messagesSent),
      slowWatchersEnded: BigInt(watches.slowEnded),
    },
    stores: stats.stores.map(({ name, healthy, state, p50Ms, p99Ms }) => ({
      name,
      healthy,
      state,
      p50: toDuration(p50Ms),
      p99: toDuration(p99Ms),
    })),
    memoryBytes: BigInt(stats.memoryBytes),
    outboxPending: BigInt(stats.outboxPending),
    rebuilding: stats.rebuilding,
    worker: stats.worker,
    workers: stats.workers,
    identities: stats.identities.map(({ unsentBytes, refused, fullest, ...identity }) => ({
      ...identity,
      unreadBytes: BigInt(unsentBytes),
      refused: BigInt(refused),
      fullest: FULLEST[fullest],
    })),
  };
}

/** The names in the contract. */
const FULLEST = {
  connections: 'connections',
  watches: 'watches',
  watchedRows: 'watched_rows',
  submissions: 'submissions',
  unsentBytes: 'unread_bytes',
} as const;
