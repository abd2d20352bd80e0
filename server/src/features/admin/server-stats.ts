import { within } from '../../within.js';
import type {
  IdentityUse,
  MethodUse,
  RoundTripTimes,
  StatsSources,
  SubmissionUse,
  WatchUse,
} from './ports.js';

/** How long the store of record may take to answer before the statistics do without, in ms. */
const STORE_PATIENCE_MS = 500;

/** How a store is doing. */
export interface StoreStats extends RoundTripTimes {
  readonly name: 'postgres' | 'redis';
  readonly healthy: boolean;
  /** For people. */
  readonly state: string;
}

/** What a server process is doing. Times are in milliseconds, on the process's clock. */
export interface ServerSnapshot {
  readonly startTimeMs: number;
  readonly uptimeMs: number;
  readonly connections: number;
  readonly identities: readonly IdentityUse[];
  readonly methods: readonly MethodUse[];
  readonly submissions: SubmissionUse;
  readonly watches: WatchUse;
  readonly stores: readonly StoreStats[];
  readonly memoryBytes: number;
  readonly outboxPending: number;
  readonly rebuilding: number;
}

type OutboxCount = { readonly count: number } | { readonly problem: string };

/** Gathers the statistics of this process. */
export class ServerStats {
  readonly #sources: StatsSources;
  /** Taken once: taken again it would move with the clock and with the moment between two reads. */
  readonly #startTimeMs = Math.floor(Date.now() - process.uptime() * 1000);
  #counting: Promise<OutboxCount> | undefined;
  #lastCount = 0;

  constructor(sources: StatsSources) {
    this.#sources = sources;
  }

  /** Never fails, and takes half a second at the most. */
  async snapshot(): Promise<ServerSnapshot> {
    const sources = this.#sources;
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
          healthy: 'count' in outbox,
          state: 'count' in outbox ? 'answers' : outbox.problem,
          ...sources.postgres(),
        },
        {
          name: 'redis',
          healthy: sources.indexState() === 'open',
          state: INDEX_WORDS[sources.indexState()],
          ...sources.redis(),
        },
      ],
      memoryBytes: process.memoryUsage.rss(),
      // While it cannot be counted: as it was counted last.
      outboxPending: this.#lastCount,
      rebuilding: sources.rebuilding(),
    };
  }

  /** Callers that come while it is counted share the count. */
  async #countOutbox(): Promise<OutboxCount> {
    this.#counting ??= this.#sources
      .countOutbox()
      .then(
        (count) => ({ count }),
        () => ({ problem: 'cannot be reached; submissions are refused' }),
      )
      .finally(() => {
        this.#counting = undefined;
      });
    return await within(STORE_PATIENCE_MS, this.#counting, {
      problem: `no answer within ${STORE_PATIENCE_MS} ms`,
    });
  }
}

const INDEX_WORDS = {
  open: 'answers',
  recovering: 'is being brought up to date; reads go to postgres',
  lost: 'cannot be reached; reads go to postgres',
} as const;
