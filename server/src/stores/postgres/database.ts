import pg from 'pg';
import { RostrumError, storeUnavailable } from '../../domain/errors.js';
import type { OutageLog } from './outage-log.js';
import { leavesSessionSound, sessionConfig } from './session.js';
import { SessionClient } from './session-client.js';
import { whileSessionLocked } from './session-lock.js';
import { DeadConnection, type SessionWatch } from './session-watch.js';
import type { Statement } from './sql-file.js';

/** How one kind of work uses the database. Times in milliseconds. */
export interface DatabaseOptions {
  readonly url: string;
  /** Shown in pg_stat_activity. */
  readonly name: string;
  /** The most connections held at once. */
  readonly maxConnections: number;
  /** How long one statement may run, on the server and as seen from here. */
  readonly statementTimeoutMs: number;
  /** How long to wait for the answer to a statement; a second more than it may run by default. */
  readonly answerTimeoutMs?: number;
  /** How long to wait for a connection. */
  readonly connectTimeoutMs: number;
  /** Called with the duration in milliseconds of each statement that succeeded. */
  readonly onRoundTrip?: (durationMs: number) => void;
  /** Finds dead connections; without it they are noticed by their timeouts. */
  readonly watch?: SessionWatch;
  /** Told what fails and what is answered. */
  readonly outage?: OutageLog;
}

/** SQLSTATE classes and codes that mean the server cannot serve now, whatever is asked of it. */
const UNAVAILABLE = /^(08|25006|28|3D|53|55P03|57P0|57014|58)/;
/** The same of statements that took too long, or waited too long for a lock: others may be served. */
const TOO_SLOW = /^(55P03|57014)/;
/** The driver's words when all connections of a pool are in use for too long. */
const POOL_BUSY = 'timeout exceeded when trying to connect';
/** query_canceled: of PostgreSQL's own timeout, or on the request of somebody. */
export const CANCELLED = '57014';

/**
 * A bounded pool of connections for one kind of work, so that slow work of one kind never holds the
 * connections of another.
 */
export class Database {
  readonly #pool: pg.Pool;
  readonly #statementTimeoutMs: number;
  readonly #onRoundTrip: ((durationMs: number) => void) | undefined;
  readonly #outage: OutageLog | undefined;

  constructor(options: DatabaseOptions) {
    this.#outage = options.outage;
    this.#onRoundTrip = options.onRoundTrip;
    this.#statementTimeoutMs = options.statementTimeoutMs;
    this.#pool = new pg.Pool({
      ...sessionConfig(options.url),
      Client: SessionClient,
      application_name: `rostrum ${options.name}`,
      max: options.maxConnections,
      statement_timeout: options.statementTimeoutMs,
      query_timeout: options.answerTimeoutMs ?? options.statementTimeoutMs + 1000,
      connectionTimeoutMillis: options.connectTimeoutMs,
      idleTimeoutMillis: 30_000,
    });
    // An idle connection that breaks is replaced when next needed; the error that matters is the
    // one that a query then gets.
    this.#pool.on('error', () => {});
    // The first bytes of a connection may bring its end too: then it breaks before whoever asked for it
    // can listen, and an error that nobody hears ends the process.
    this.#pool.on('connect', (client) => {
      client.on('error', () => {});
      options.watch?.watch(client as pg.ClientBase as SessionClient);
    });
    this.#pool.on('acquire', (client) => lend(client, true));
    this.#pool.on('release', (_, client) => lend(client, false));
  }

  /**
   * Runs a statement. The connection is kept when the statement fails by itself, such as in a conflict:
   * a new one costs some milliseconds and the plans of all statements.
   *
   * PostgreSQL measures timeouts by the clock of its host. A statement that it cancels long before its
   * time, because that clock stepped, had no effect and is run once more.
   *
   * @throws STORE_UNAVAILABLE when the database cannot be reached or does not answer in time: the
   * statement may or may not have taken effect. Other errors of the database come as they are.
   */
  async query<Row extends pg.QueryResultRow>(
    statement: Statement,
    values: unknown[],
  ): Promise<pg.QueryResult<Row>> {
    const start = performance.now();
    const result = await this.#withClient(async (client) => {
      const send = () => client.query<Row>({ name: statement.name, text: statement.text, values });
      const sentAt = performance.now();
      return send().catch((error: unknown) => {
        if (sqlState(error) === CANCELLED && this.#isEarly(sentAt)) return send();
        throw error;
      });
    }, leavesSessionSound);
    this.#onRoundTrip?.(performance.now() - start);
    return result;
  }

  /**
   * Runs `work` on one connection, such as for a transaction, and closes it if `work` fails.
   * @throws as `query`
   */
  withConnection<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    // A connection on which something failed is not used again: it may be in a transaction.
    return this.#withClient(work, () => false);
  }

  /**
   * Runs `work`, which only reads, in one snapshot of the database. It is run once more when its
   * connection is lost or ended long before its time: see `query` on clocks that step.
   *
   * @throws as `query`
   */
  async inSnapshot<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const read = () =>
      this.withConnection(async (client) => {
        await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
        const found = await work(client);
        await client.query('COMMIT');
        return found;
      });
    const beganAt = performance.now();
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof RostrumError) || !this.#isEarly(beganAt)) throw error;
      return await read();
    }
  }

  /**
   * Runs `work` while holding a session lock, unless that is taken; then returns undefined at once.
   * What `work` throws comes as it is.
   *
   * A process that is stopped, or whose machine vanishes, loses the lock within seconds; when it is
   * back, the signal is aborted (see session-lock.ts).
   *
   * @param lock a statement whose result says in `locked` whether the lock was free
   * @throws STORE_UNAVAILABLE, also when the lock was lost
   */
  async whileLocked<T>(
    lock: Statement,
    unlock: Statement,
    values: unknown[],
    work: (lost: AbortSignal) => Promise<T>,
  ): Promise<T | undefined> {
    const outcome = await this.withConnection((client) =>
      whileSessionLocked(client, { lock, unlock, values }, work),
    );
    if (outcome === undefined) return undefined;
    if ('error' in outcome) throw outcome.error;
    return outcome.value;
  }

  /** Whether a statement sent then cannot have taken the time that it may take. */
  #isEarly(sentAt: number): boolean {
    return performance.now() - sentAt < this.#statementTimeoutMs / 2;
  }

  async #withClient<T>(
    work: (client: pg.PoolClient) => Promise<T>,
    isSoundAfter: (error: unknown) => boolean,
  ): Promise<T> {
    const wasAway = this.#outage?.isOn === true;
    const outages = this.#outage?.outages ?? 0;
    let client: pg.PoolClient;
    try {
      client = await this.#pool.connect();
    } catch (error) {
      throw this.#told(error, outages);
    }
    let failure: Error | undefined;
    // A checked-out connection that breaks emits an error of its own, besides failing its query.
    const onError = (error: Error): void => {
      failure = error;
    };
    client.on('error', onError);
    try {
      const result = await work(client);
      if (wasAway) this.#outage?.answered();
      return result;
    } catch (error) {
      if (!isSoundAfter(error)) failure = error as Error;
      throw this.#told(error, outages);
    } finally {
      client.off('error', onError);
      client.release(failure);
    }
  }

  /** As `asStoreError`, and the log hears of an outage. */
  #told(error: unknown, outages: number): unknown {
    const told = asStoreError(error);
    if (told !== error && isOfServer(error)) this.#outage?.failed(error, outages);
    return told;
  }

  close(): Promise<void> {
    return this.#pool.end();
  }
}

function lend(client: pg.ClientBase, lent: boolean): void {
  (client as SessionClient).lent = lent;
}

/** Whether what made a statement fail may concern all others. */
function isOfServer(error: unknown): boolean {
  if (error instanceof DeadConnection || (error as Error).message === POOL_BUSY) return false;
  return !TOO_SLOW.test(sqlState(error) ?? '');
}

/** The SQLSTATE of an error of the database; undefined for any other error. */
export function sqlState(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError ? error.code : undefined;
}

/** Tells an error of the connection to PostgreSQL as STORE_UNAVAILABLE; others come as they are. */
export function asStoreError(error: unknown): unknown {
  const state = sqlState(error);
  // Errors of ours are not the database's.
  if (error instanceof RostrumError || error instanceof TypeError || error instanceof RangeError) {
    return error;
  }
  if (state === undefined) return error instanceof Error ? storeUnavailable(error) : error;
  return UNAVAILABLE.test(state) ? storeUnavailable(error) : error;
}
