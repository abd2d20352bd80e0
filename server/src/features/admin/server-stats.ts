import { outageReason } from '../../domain/outage.js';
import type { Histogram } from '../../observability/histogram.js';
import { within } from '../../within.js';
import type { StatsSources } from './ports.js';

/** How long the statistics wait for the store of record, in milliseconds. */
const STORE_PATIENCE_MS = 500;

/** What a server process is doing. Times are in milliseconds, on the process's clock. */
export type ServerSnapshot = Awaited<ReturnType<ServerStats['snapshot']>>;

type OutboxCount = { readonly count: number } | { readonly problem: string };

/** Gathers the statistics of this process. */
export class ServerStats {
  /** Taken once: computed again, it would move whenever the clock is set. */
  readonly #startTimeMs = Math.floor(Date.now() - process.uptime() * 1000);
  #counting: Promise<OutboxCount> | undefined;
  #lastCount = 0;

  constructor(private readonly sources: StatsSources) {}

  /** Never fails, and takes half a second at most. */
  async snapshot() {
    const { sources } = this;
    const outbox = await this.#countOutbox();
    if ('count' in outbox) this.#lastCount = outbox.count;
    return {
      startTimeMs: this.#startTimeMs,
      uptimeMs: process.uptime() * 1000,
      connections: sources.connections(),
      identities: sources.identities(),
      methods: sources.methods(),
      submissions: sources.submissions(),
      watches: sources.watches(),
      stores: [
        {
          name: 'postgres',
          healthy: 'count' in outbox && sources.writeTrouble() === '',
          /** For people. */
          state: 'count' in outbox ? storeWords(sources.writeTrouble()) : outbox.problem,
          ...timesOf(sources.roundTrips.postgres),
        },
        {
          name: 'redis',
          healthy: sources.indexState() === 'open',
          state: indexWords(sources.indexState(), sources.indexTrouble()),
          ...timesOf(sources.roundTrips.redis),
        },
      ],
      memoryBytes: process.memoryUsage.rss(),
      // The last known count while it cannot be counted.
      outboxPending: this.#lastCount,
      rebuilding: sources.rebuilding(),
      worker: sources.worker,
      workers: sources.workers,
    };
  }

  /** Callers that come during a count share it. */
  async #countOutbox(): Promise<OutboxCount> {
    this.#counting ??= this.sources
      .countOutbox()
      .then(
        (count) => ({ count }),
        (error: Error) => ({
          problem: cannotBeReached(outageReason(error), 'submissions are refused'),
        }),
      )
      .finally(() => {
        this.#counting = undefined;
      });
    return await within(STORE_PATIENCE_MS, this.#counting, {
      problem: `no answer within ${STORE_PATIENCE_MS} ms`,
    });
  }
}

function timesOf(roundTripsUs: Histogram) {
  return { p50Ms: roundTripsUs.quantile(0.5) / 1000, p99Ms: roundTripsUs.quantile(0.99) / 1000 };
}

function storeWords(writeTrouble: string): string {
  return writeTrouble === '' ? 'answers' : `refused the last write: ${writeTrouble}; reads go on`;
}

function indexWords(state: 'lost' | 'recovering' | 'open', trouble: string): string {
  switch (state) {
    case 'open':
      return 'answers';
    case 'recovering':
      return 'is being brought up to date; reads go to postgres';
    case 'lost':
      return cannotBeReached(trouble, 'reads go to postgres');
  }
}

function cannotBeReached(reason: string, consequence: string): string {
  return `cannot be reached${reason === '' ? '' : `: ${reason}`}; ${consequence}`;
}
