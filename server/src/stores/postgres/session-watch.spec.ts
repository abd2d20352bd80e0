import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LinkProxy } from '../../../test/machine/stage/link-proxy.ts';
import { makeEntries } from '../../../test/support/make-entries.ts';
import { startOwnPostgres } from '../../../test/support/own-services.ts';
import { signalPostgres } from '../../../test/support/signal-postgres.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/support/test-database.ts';
import { waitForLock } from '../../../test/support/wait-for-lock.ts';
import type { RankingNo } from '../../domain/ids.js';
import { POOLS } from '../../pools.js';
import { Database } from './database.js';
import { PostgresEntryStream } from './entry-stream.js';
import { SessionClient } from './session-client.js';
import { type GivenUp, SessionWatch } from './session-watch.js';

const PID = { name: 'pid', text: 'SELECT pg_backend_pid() AS pid' };
const SLEEP = { name: 'sleep', text: 'SELECT pg_backend_pid() AS pid FROM pg_sleep($1)' };
/** Of statements and streams: longer than a test may take, so that a test never waits for it. */
const TIMEOUT_MS = 60_000;
const UNAVAILABLE = { reason: 'STORE_UNAVAILABLE' };

let stack: AsyncDisposableStack;
let own: TestDatabase;
/** What leads to PostgreSQL past the link. */
let direct: pg.Client;
let link: LinkProxy;
let watch: SessionWatch;
let givenUp: GivenUp[];

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  own = stack.use(await createTestDatabase());
  direct = new pg.Client({ connectionString: own.url });
  await direct.connect();
  stack.defer(() => direct.end());
  // PostgreSQL does not see that a connection was given up: it has to be told.
  link = await LinkProxy.open(Number(new URL(own.url).port), 'stays');
  stack.defer(() => link.close());
  givenUp = [];
  watch = watchOf(linked());
});

afterEach(async () => {
  await stack.disposeAsync();
});

function watchOf(url: string): SessionWatch {
  const made = new SessionWatch(url, (each) => givenUp.push(each));
  stack.defer(() => made.close());
  return made;
}

/** The URL through the link. */
function linked(): string {
  const url = new URL(own.url);
  url.port = String(link.port);
  return url.href;
}

function open(url: string, name = 'test', maxConnections = 2, watchedBy = watch): Database {
  const database = new Database({
    url,
    name,
    maxConnections,
    statementTimeoutMs: TIMEOUT_MS,
    connectTimeoutMs: 5_000,
    watch: watchedBy,
  });
  stack.defer(() => database.close());
  return database;
}

async function pidOf(database: Database): Promise<number> {
  const { rows } = await database.query<{ pid: number }>(PID, []);
  return rows[0]?.pid as number;
}

/** How many of these sessions PostgreSQL still has. */
async function sessions(pids: readonly number[]): Promise<number> {
  const { rows } = await direct.query('SELECT FROM pg_stat_activity WHERE pid = ANY($1)', [pids]);
  return rows.length;
}

/** Resolves when so many statements of `SLEEP` are under way. */
async function asleep(count: number): Promise<void> {
  const now = async () => {
    const { rows } = await direct.query(
      `SELECT FROM pg_stat_activity
       WHERE datname = current_database() AND wait_event = 'PgSleep'`,
    );
    return rows.length;
  };
  await expect.poll(now, { timeout: 5_000 }).toBe(count);
}

describe('when the connections of a server freeze', () => {
  test('what waits on any pool fails, and the next statement goes over a new connection', async () => {
    const names = ['writes', ...Object.keys(POOLS)];
    const pools = names.map((name) => open(linked(), name));
    const sleepers = pools.map((pool) => pool.query(SLEEP, [0.3]));
    const spare = await Promise.all(pools.map(pidOf));
    await asleep(pools.length);
    await link.set('frozen');
    const outcomes = await Promise.allSettled(sleepers);
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: UNAVAILABLE });
    }
    const fresh = await Promise.all(pools.map(pidOf));
    expect(fresh.filter((pid) => spare.includes(pid))).toEqual([]);
    const total = givenUp.reduce((sum, { waiting, spare }) => sum + waiting + spare, 0);
    expect(total).toBe(2 * pools.length);
    await expect.poll(() => sessions(spare)).toBe(0);
  });

  test('a statement that is sent into them fails too', async () => {
    const one = open(linked(), 'test', 1);
    await pidOf(one);
    await link.set('frozen');
    await expect(pidOf(one)).rejects.toMatchObject(UNAVAILABLE);
    await pidOf(one);
  });

  test('a result that PostgreSQL cannot get rid of fails its statement', async () => {
    const work = open(own.url, 'test', 1).withConnection(async (client) => {
      // Nothing arrives any more, and PostgreSQL waits in the middle of its answer.
      (client as pg.ClientBase as SessionClient).socket.pause();
      await client.query(`SELECT repeat('x', 10000) FROM generate_series(1, 10000)`);
    });
    await expect(work).rejects.toMatchObject(UNAVAILABLE);
  });

  test('session locks and transactions of what is dead are gone', async () => {
    const one = open(linked(), 'test', 1);
    const holding = one.withConnection(async (client) => {
      await client.query('SELECT pg_advisory_lock(1)');
      await link.set('frozen');
      await client.query('SELECT 1');
    });
    await expect(holding).rejects.toMatchObject(UNAVAILABLE);
    await direct.query('SELECT pg_advisory_lock(1)');
  });

  test('a stream of entries fails', async () => {
    const ranking = 1 as RankingNo;
    await makeEntries(own.url, ranking, 60_000);
    const stream = new PostgresEntryStream({
      url: linked(),
      name: 'test',
      connectTimeoutMs: 5_000,
      silenceTimeoutMs: TIMEOUT_MS,
      watch,
    }).stream(ranking, '');
    expect((await stream.next()).done).toBe(false);
    await link.set('frozen');
    const rest = async () => {
      for await (const _ of stream);
    };
    await expect(rest()).rejects.toMatchObject(UNAVAILABLE);
  });

  test('nothing else is touched: slow statements, waits for locks, open transactions', async () => {
    const frozen = open(linked(), 'frozen', 1);
    await pidOf(frozen);
    const slow = open(own.url, 'slow');
    const sleeper = slow.query<{ pid: number }>(SLEEP, [4]);
    const patient = open(own.url, 'patient', 1);
    await direct.query('SELECT pg_advisory_lock(1)');
    const waiter = patient.query({ name: 'wait', text: 'SELECT pg_advisory_lock_shared(1)' }, []);
    await waitForLock(own.url);
    const transaction = open(own.url, 'transaction', 1).withConnection(async (client) => {
      await client.query('BEGIN');
      const before = await client.query(PID.text);
      await sleeper;
      const after = await client.query(PID.text);
      await client.query('COMMIT');
      return [before.rows, after.rows];
    });
    await link.set('frozen');
    await expect(pidOf(frozen)).rejects.toMatchObject(UNAVAILABLE);
    expect(givenUp).toEqual([{ waiting: 1, spare: 0 }]);
    const [before, after] = await transaction;
    expect(after).toEqual(before);
    await direct.query('SELECT pg_advisory_unlock(1)');
    await waiter;
    expect(givenUp).toHaveLength(1);
  });
});

test('while PostgreSQL hangs nothing is given up', async () => {
  const postgres = await startOwnPostgres();
  stack.defer(() => postgres.stop());
  const one = open(postgres.url(), 'test', 1, watchOf(postgres.url()));
  const pid = await pidOf(one);
  signalPostgres(postgres, 'SIGSTOP');
  try {
    const answer = pidOf(one);
    // Long enough for both looks, were it a dead connection.
    await delay(5_000);
    signalPostgres(postgres, 'SIGCONT');
    expect(await answer).toBe(pid);
  } finally {
    signalPostgres(postgres, 'SIGCONT');
  }
  expect(givenUp).toEqual([]);
});

test('a driver that does not tell whether a query is under way is told of, once', async () => {
  let told = 0;
  const blind = new SessionWatch(own.url, undefined, () => {
    told += 1;
  });
  stack.defer(() => blind.close());
  const opened = async () => {
    const client = new SessionClient({ connectionString: own.url });
    await client.connect();
    stack.defer(() => client.end());
    return client;
  };
  blind.watch(await opened());
  expect(told).toBe(0);
  for (const client of [await opened(), await opened()]) {
    Object.defineProperty(client, 'readyForQuery', { value: undefined });
    blind.watch(client);
  }
  expect(told).toBe(1);
});
