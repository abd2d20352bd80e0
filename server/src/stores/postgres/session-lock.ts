import type pg from 'pg';
import { storeUnavailable } from '../../domain/errors.js';
import { type Statement, statement } from './sql-file.js';

const BOUND_IDLENESS = statement('bound_idleness');
const HEARTBEAT = statement('heartbeat');

/** How often the session of a lock shows that its holder lives, in milliseconds. */
const HEARTBEAT_MS = 1_000;
/** PostgreSQL ends a session that has been silent for this long, and its lock is free. */
export const LOCK_SILENCE_MS = 5_000;
/** A heartbeat that is not answered within this counts as a lost lock: before others may have it. */
const HEARTBEAT_PATIENCE_MS = LOCK_SILENCE_MS - HEARTBEAT_MS;

/** The driver's types do not know yet that a query may have a timeout of its own. */
const HEARTBEAT_QUERY: pg.QueryConfig & { query_timeout: number } = {
  text: HEARTBEAT.text,
  query_timeout: HEARTBEAT_PATIENCE_MS,
};

/** A statement that takes a session lock, its counterpart, and the parameters of both. */
export interface SessionLock {
  /** Its result says in `locked` whether the lock was free. */
  readonly lock: Statement;
  readonly unlock: Statement;
  readonly values: unknown[];
}

/**
 * Runs `work` while a session holds a lock; returns undefined at once if another one holds it.
 *
 * A holder that stops, or whose machine vanishes, loses the lock after `LOCK_SILENCE_MS`, for its
 * session sends no heartbeat. When it comes back, the next heartbeat fails: the signal that `work` was
 * given is aborted, and the result is STORE_UNAVAILABLE, whatever becomes of `work`. Up to then, for
 * a moment, two may be at it: what `work` does must stand that.
 *
 * @param client outside of a transaction; to be closed if this fails, for it may still hold the lock
 * @throws STORE_UNAVAILABLE if the lock was lost; errors of the database and of `work` as they are
 */
export async function whileSessionLocked<T>(
  client: pg.ClientBase,
  { lock, unlock, values }: SessionLock,
  work: (lost: AbortSignal) => Promise<T>,
): Promise<{ value: T } | { error: unknown } | undefined> {
  const { rows } = await client.query<{ locked: boolean }>(lock.text, values);
  if (rows[0]?.locked !== true) return undefined;
  await client.query(BOUND_IDLENESS.text, [LOCK_SILENCE_MS]);
  const lost = new AbortController();
  const heart = beat(client);
  const result = await Promise.race([
    heart.stopped,
    work(lost.signal).then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    ),
  ]);
  const failure = await heart.stop();
  if (result === undefined || failure !== undefined) {
    const error = storeUnavailable(failure ?? new Error('the session of a lock was lost'));
    lost.abort(error);
    throw error;
  }
  await client.query(unlock.text, values);
  await client.query(BOUND_IDLENESS.text, [0]);
  return result;
}

/** Sends heartbeats, one after the other. `stopped` resolves when one fails. */
function beat(client: pg.ClientBase): {
  readonly stopped: Promise<undefined>;
  /** Sends no more. Returns why one failed, if so, after the one that is under way. */
  stop(): Promise<Error | undefined>;
} {
  const stopped = Promise.withResolvers<undefined>();
  let failure: Error | undefined;
  let timer: NodeJS.Timeout | undefined;
  let underWay: Promise<void> = Promise.resolve();
  const next = (): void => {
    timer = setTimeout(() => {
      underWay = send().then(next, (error: Error) => {
        failure = error;
        stopped.resolve(undefined);
      });
    }, HEARTBEAT_MS);
  };
  const send = async (): Promise<void> => {
    await client.query(HEARTBEAT_QUERY);
  };
  next();
  return {
    stopped: stopped.promise,
    async stop() {
      clearTimeout(timer);
      await underWay;
      clearTimeout(timer);
      return failure;
    },
  };
}
