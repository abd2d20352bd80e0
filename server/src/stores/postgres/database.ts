import pg from 'pg';
import { RostrumError, storeUnavailable } from '../../domain/errors.js';
import type { OutageLog } from './outage-log.js';
import { leavesSessionSound, sessionConfig } from './session.js';
import { SessionClient } from './session-client.js';
import { type SessionLock, whileSessionLocked } from './session-lock.js';
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
  /** Finds dead connections sooner than timeouts do. */
  readonly watch?: SessionWatch;
  /** Told what fails and what is answered. */
  readonly outage?: OutageLog;
  /** Told of writes that are refused while reads go on. */
  readonly refusals?: OutageLog;
  /** Whether all statements write, so that one that is answered ends a refusal. */
  readonly writes?: boolean;
}

/** SQLSTATEs that refuse writes alone: a standby, a full disk. */
const REFUSES_WRITES = /^(25006|53100)/;

/** SQLSTATE classes and codes that mean the server cannot serve now, whatever is asked of it. */
const UNAVAILABLE = /^(08|25006|28|3D|53|55P03|57P0|57014|58)/;
/** Those of a statement that took too long, or waited too long for a lock: others may be served. */
const TOO_SLOW = /^(55P03|57014)/;
/** The driver's words when all connections of a pool are in use for too long. */
const POOL_BUSY = 'timeout exceeded when trying to connect';
/** query_canceled: by PostgreSQL's own timeout, or at somebody's request. */
export const CANCELLED = '57014';

/**
 * A bounded pool of connections for one kind of work, so that slow work of one kind never holds the
 * connections of another.
 */
export class Database {
  readonly #pool: pg.Pool;

  constructor(private readonly options: DatabaseOptions) {
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
    // An idle connection that breaks is replaced when next needed.
    this.#pool.on('error', () => {});
    this.#pool.on('connect', (client) => {
      // It may break before its borrower listens, and an error that nobody hears ends the process.
      client.on('error', () => {});
      options.watch?.watch(asSession(client));
    });
    this.#pool.on('acquire', (client) => {
      asSession(client).lent = true;
    });
    this.#pool.on('release', (_, client) => {
      asSession(client).lent = false;
    });
  }

  /**
   * Runs a statement. The connection is kept when the statement fails by itself, such as in a conflict:
   * a new one costs some milliseconds and the plans of all statements.
   *
   * PostgreSQL measures timeouts by the clock of its host. A statement that it cancels early, because that
   * clock stepped, had no effect and is run once more.
   *
   * @throws STORE_UNAVAILABLE when the database cannot be reached or does not answer in time: the
   * statement may or may not have taken effect. Other errors of the database come as they are.
   */
  async query<Row extends pg.QueryResultRow>(
    statement: Statement,
    values: unknown[] = [],
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
    this.options.onRoundTrip?.(performance.now() - start);
    return result;
  }

  /** As `query`, for a statement that returns one row with one column: its value. */
  async value<T>(statement: Statement, values: unknown[] = []): Promise<T> {
    const { rows } = await this.query(statement, values);
    return Object.values(rows[0] ?? {})[0] as T;
  }

  /**
   * Runs `work` on one connection, such as for a transaction, and closes it if `work` fails.
   * @throws as `query`
   */
  withConnection<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    // It may be in a transaction.
    return this.#withClient(work, () => false);
  }

  /**
   * Runs `work`, which only reads, in one snapshot of the database; once more if it fails early, as `query`
   * does.
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
   * Runs `work` while holding a session lock; returns undefined at once if another process holds it. See
   * `whileSessionLocked` on processes that stop.
   *
   * @throws STORE_UNAVAILABLE, also when the lock was lost; what `work` throws as it is
   */
  async whileLocked<T>(
    lock: SessionLock,
    work: (lost: AbortSignal) => Promise<T>,
  ): Promise<T | undefined> {
    const outcome = await this.withConnection((client) => whileSessionLocked(client, lock, work));
    if (outcome?.status === 'rejected') throw outcome.reason;
    return outcome?.value;
  }

  /** Whether a statement that was sent then still has at least half of its time. */
  #isEarly(sentAt: number): boolean {
    return performance.now() - sentAt < this.options.statementTimeoutMs / 2;
  }

  async #withClient<T>(
    work: (client: pg.PoolClient) => Promise<T>,
    isSoundAfter: (error: unknown) => boolean,
  ): Promise<T> {
    const wasAway = this.options.outage?.isOn === true;
    const wasRefused = this.options.writes === true && this.options.refusals?.isOn === true;
    const outages = this.options.outage?.outages ?? 0;
    let client: pg.PoolClient;
    try {
      client = await this.#pool.connect();
    } catch (error) {
      throw this.#reported(error, outages);
    }
    let failure: Error | undefined;
    // A checked-out connection that breaks emits an error of its own, besides failing its query.
    const onError = (error: Error): void => {
      failure = error;
    };
    client.on('error', onError);
    try {
      const result = await work(client);
      if (wasAway) this.options.outage?.answered();
      if (wasRefused) this.options.refusals?.answered();
      return result;
    } catch (error) {
      if (!isSoundAfter(error)) failure = error as Error;
      throw this.#reported(error, outages);
    } finally {
      client.off('error', onError);
      client.release(failure);
    }
  }

  /** As `asStoreError`; also reports an outage. */
  #reported(error: unknown, outages: number): unknown {
    const reported = asStoreError(error);
    if (reported === error || !concernsServer(error)) return reported;
    const { outage, refusals } = this.options;
    if (REFUSES_WRITES.test(sqlState(error) ?? '')) refusals?.failed(error, refusals.outages);
    else outage?.failed(error, outages);
    return reported;
  }

  close(): Promise<void> {
    return this.#pool.end();
  }
}

/** The pool makes its clients of this class. */
function asSession(client: pg.ClientBase): SessionClient {
  return client as SessionClient;
}

/** Whether what made a statement fail may make all others fail. */
function concernsServer(error: unknown): boolean {
  if (error instanceof DeadConnection || (error as Error).message === POOL_BUSY) return false;
  return !TOO_SLOW.test(sqlState(error) ?? '');
}

/** The SQLSTATE of an error of the database; undefined for any other error. */
export function sqlState(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError ? error.code : undefined;
}

/** STORE_UNAVAILABLE in place of an error of the connection to PostgreSQL; others as they are. */
export function asStoreError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  // These are ours, not the driver's.
  if (error instanceof RostrumError || error instanceof TypeError || error instanceof RangeError) {
    return error;
  }
  const state = sqlState(error);
  return state === undefined || UNAVAILABLE.test(state) ? storeUnavailable(error) : error;
}
