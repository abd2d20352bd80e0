import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { storeUnavailable } from '../../domain/errors.js';
import type { RankingNo } from '../../domain/ids.js';
import { statement } from './sql-file.js';

const TRY_LOCK = statement('try_session_lock');
const RELEASE_LOCK = statement('release_session_lock');
const SET_TIMEOUT = statement('set_timeout');
const HEARTBEAT = statement('heartbeat');

/** How often the session of a lock shows that its holder is alive, in milliseconds. */
const HEARTBEAT_MS = 1_000;
/** PostgreSQL ends a session that has been silent for this long, which frees its lock. */
export const LOCK_SILENCE_MS = 5_000;

/** The driver's types lack the timeout of a single query. */
const HEARTBEAT_QUERY: pg.QueryConfig & { query_timeout: number } = {
  text: HEARTBEAT.text,
  // Without an answer by then the lock counts as lost: before another process may have it.
  query_timeout: LOCK_SILENCE_MS - HEARTBEAT_MS,
};

/** The two numbers of an advisory lock. functions/ use other first numbers. */
export type SessionLock = readonly [purpose: number, which: number];

/** Each is held by one process at a time. */
export const SESSION_LOCKS = {
  build: (rankingNo: RankingNo): SessionLock => [748_210, rankingNo % 2 ** 31],
  purges: [748_212, 0],
  retention: [748_213, 0],
} as const;

/**
 * Runs `work` while a session holds a lock; returns undefined at once if another session holds it.
 *
 * A holder that stops, or whose machine vanishes, sends no heartbeat and loses the lock after
 * `LOCK_SILENCE_MS`. When it comes back, the next heartbeat fails: the signal that `work` was given is
 * aborted, and the call fails at once, whatever `work` is doing. Until then two may run at the same time
 * for a moment: `work` must tolerate that.
 *
 * @param client outside of a transaction. Close it if this fails, because it may still hold the lock.
 * @returns what became of `work`
 * @throws STORE_UNAVAILABLE if the lock was lost; errors of the database as they are
 */
export async function whileSessionLocked<T>(
  client: pg.ClientBase,
  lock: SessionLock,
  work: (lost: AbortSignal) => Promise<T>,
): Promise<PromiseSettledResult<T> | undefined> {
  const { rows } = await client.query<{ locked: boolean }>(TRY_LOCK.text, [...lock]);
  if (rows[0]?.locked !== true) return undefined;
  await client.query(SET_TIMEOUT.text, ['idle_session_timeout', LOCK_SILENCE_MS]);
  const lost = new AbortController();
  const stop = new AbortController();
  const heartbeats = sendHeartbeats(client, stop.signal);
  const done = Promise.allSettled([work(lost.signal)]);
  await Promise.race([heartbeats, done]);
  stop.abort();
  const failure = await heartbeats;
  if (failure !== undefined) {
    const error = storeUnavailable(failure);
    lost.abort(error);
    throw error;
  }
  await client.query(RELEASE_LOCK.text, [...lock]);
  await client.query(SET_TIMEOUT.text, ['idle_session_timeout', 0]);
  return (await done)[0];
}

/** Sends heartbeats, one after the other, until `stop`. Resolves with the error if one fails. */
async function sendHeartbeats(
  client: pg.ClientBase,
  stop: AbortSignal,
): Promise<Error | undefined> {
  for (;;) {
    await delay(HEARTBEAT_MS, undefined, { signal: stop }).catch(() => {});
    if (stop.aborted) return undefined;
    try {
      await client.query(HEARTBEAT_QUERY);
    } catch (error) {
      return error as Error;
    }
  }
}
