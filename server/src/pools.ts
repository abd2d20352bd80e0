/** A bounded pool of connections to PostgreSQL, for one kind of work. */
interface Pool {
  readonly maxConnections: number;
  readonly statementTimeoutMs: number;
}

/**
 * The pools of one server process, besides that of the lanes, which has a connection for each.
 * docs/operations.md tells the sum, for `max_connections`.
 */
export const POOLS = {
  lookups: { maxConnections: 2, statementTimeoutMs: 5_000 },
  reads: { maxConnections: 4, statementTimeoutMs: 5_000 },
  background: { maxConnections: 4, statementTimeoutMs: 60_000 },
  outbox: { maxConnections: 2, statementTimeoutMs: 30_000 },
  builds: { maxConnections: 8, statementTimeoutMs: 60_000 },
  lease: { maxConnections: 1, statementTimeoutMs: 5_000 },
} as const satisfies Record<string, Pool>;
