import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { Config } from './config.js';
import { RostrumError } from './domain/errors.js';
import { BulkFiller } from './features/index/filling/bulk-filler.js';
import type { FillReport } from './features/index/filling/fill-report.js';
import { type FillRequest, IndexUnavailable } from './features/index/ports.js';
import { PostgresEntryStream } from './stores/postgres/entry-stream.js';
import { SessionWatch } from './stores/postgres/session-watch.js';
import { RedisConnection } from './stores/redis/connection.js';
import { RedisRankingIndex } from './stores/redis/ranking-index.js';
import { encodeStandingPayload, PAYLOAD_VERSION } from './wire/standing-payload-encoding.js';
import { within } from './within.js';

/*
 * A thread that fills indexes. It constructs and wires what that needs, as compose.ts does for the rest
 * of a server process. Its connections live as long as the fill that they are for.
 */

/** What the thread is started with. */
export type FillWorkerData = Pick<Config, 'databaseUrl' | 'redisUrl' | 'feedRetentionChanges'>;

const CONNECT_TIMEOUT_MS = 2000;
const REDIS_COMMAND_TIMEOUT_MS = 2000;
/** Reading a page is quick, but on a busy machine its first row may take a while. */
const POSTGRES_SILENCE_MS = 30_000;
/** How often progress is reported; only people look at it. */
const PROGRESS_MS = 100;

const config = workerData as FillWorkerData;
const port = parentPort as MessagePort;

port.on('message', (request: FillRequest) => {
  fill(request).then(
    (filled) => report({ kind: 'done', filled }),
    (error: unknown) => report(failureOf(error)),
  );
});

function report(message: FillReport): void {
  port.postMessage(message);
}

async function fill(request: FillRequest): Promise<number> {
  const redis = new RedisConnection({
    url: config.redisUrl,
    commandTimeoutMs: REDIS_COMMAND_TIMEOUT_MS,
  });
  // A Redis that is not the one of the build lacks a part of it.
  redis.admit(request.build.redis);
  const sessions = new SessionWatch(config.databaseUrl);
  try {
    await connected(redis);
    const entries = new PostgresEntryStream({
      url: config.databaseUrl,
      name: 'fill',
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      silenceTimeoutMs: POSTGRES_SILENCE_MS,
      watch: sessions,
    });
    const index = new RedisRankingIndex(redis, config.feedRetentionChanges, PAYLOAD_VERSION);
    const filler = new BulkFiller(index, entries, encodeStandingPayload);
    let reportedAt = performance.now();
    return await filler.fill(request, (filled) => {
      const now = performance.now();
      if (now - reportedAt < PROGRESS_MS) return;
      reportedAt = now;
      report({ kind: 'progress', filled });
    });
  } finally {
    redis.close();
    await sessions.close();
  }
}

/** @throws IndexUnavailable */
async function connected(redis: RedisConnection): Promise<void> {
  const ready = new Promise<boolean>((resolve) => redis.onReady(() => resolve(true)));
  if (await within(CONNECT_TIMEOUT_MS, ready, false)) return;
  throw new IndexUnavailable('redis: cannot be reached from the thread that fills');
}

function failureOf(error: unknown): FillReport {
  const { message, cause } = error instanceof Error ? error : new Error(String(error));
  if (error instanceof IndexUnavailable) {
    return { kind: 'failed', failure: 'index unavailable', message };
  }
  if (error instanceof RostrumError && error.reason === 'STORE_UNAVAILABLE') {
    const why = cause instanceof Error ? cause.message : message;
    return { kind: 'failed', failure: 'store unavailable', message: why };
  }
  return { kind: 'failed', failure: 'fault', message };
}
