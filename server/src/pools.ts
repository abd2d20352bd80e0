import { MAX_LEASE_QUESTIONS } from './features/index/index-lease.js';
import { MAX_PASSES } from './features/reads/store-reader.js';

/** A bounded pool of connections to PostgreSQL, for one kind of work. */
interface Pool {
  readonly maxConnections: number;
  readonly statementTimeoutMs: number;
  readonly answerTimeoutMs?: number;
  readonly connectTimeoutMs?: number;
}

/** One connection watches the others whenever one of them is silent for a second. */
export const WATCH_CONNECTIONS = 1;

/**
 * The pools of one server process, except that of the write lanes, which has a connection for each.
 * docs/operations.md has their sum, for `max_connections`.
 */
export const POOLS = {
  /** What the index needs to know of leaderboards: nobody's calls may take it. */
  lookups: { maxConnections: 2, statementTimeoutMs: 5_000 },
  /** Reads of LeaderboardService. */
  settings: { maxConnections: 2, statementTimeoutMs: 5_000 },
  /** One for each pass over a ranking. */
  reads: { maxConnections: MAX_PASSES, statementTimeoutMs: 15_000 },
  background: { maxConnections: 4, statementTimeoutMs: 60_000 },
  outbox: { maxConnections: 2, statementTimeoutMs: 10_000 },
  builds: { maxConnections: 8, statementTimeoutMs: 60_000 },
  /** Generous timeouts: even a late answer proves that the store of record is there. */
  lease: {
    maxConnections: MAX_LEASE_QUESTIONS + 1,
    statementTimeoutMs: 5_000,
    answerTimeoutMs: 5_000,
    connectTimeoutMs: 5_000,
  },
} as const satisfies Record<string, Pool>;
