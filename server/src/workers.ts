import cluster from 'node:cluster';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from './observability/log.js';

/** How long after its end a worker is replaced. A worker that cannot start must cost little. */
const RESTART_MS = 1000;
/** What a worker needs beyond its grace time to close its connections. */
const STOP_MARGIN_MS = 5000;

/**
 * Runs worker processes that share the server's address, replaces those that die, and passes SIGTERM and
 * SIGINT on to them. Resolves with the exit code when all have ended after such a signal.
 */
export async function runWorkers(count: number, graceMs: number, log: Logger): Promise<number> {
  let stopping = false;
  const ended = Promise.withResolvers<void>();

  cluster.on('exit', (worker, code, signal) => {
    if (stopping) {
      if (Object.keys(cluster.workers ?? {}).length === 0) ended.resolve();
      return;
    }
    log.error({ worker: worker.id, code, signal }, 'a worker died; starting another');
    void delay(RESTART_MS).then(() => {
      if (!stopping) cluster.fork();
    });
  });
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) return;
    stopping = true;
    const workers = Object.values(cluster.workers ?? {});
    if (workers.length === 0) ended.resolve();
    for (const worker of workers) worker?.process.kill(signal);
    void delay(graceMs + STOP_MARGIN_MS, undefined, { ref: false }).then(() => {
      for (const worker of workers) worker?.process.kill('SIGKILL');
    });
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  for (let started = 0; started < count; started += 1) cluster.fork();

  await ended.promise;
  return 0;
}
