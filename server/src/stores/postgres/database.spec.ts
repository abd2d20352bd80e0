import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/support/test-database.ts';
import { waitForLock } from '../../../test/support/wait-for-lock.ts';
import { Database, sqlState } from './database.js';
import { SESSION_BOUNDS } from './session.js';
import { LOCK_SILENCE_MS, SESSION_LOCKS } from './session-lock.js';

const LOCK = SESSION_LOCKS.purges;

let own: TestDatabase;
let database: Database;

beforeAll(async () => {
  own = await createTestDatabase();
  database = open();
});

afterAll(async () => {
  await database?.close();
  await own?.drop();
});

function open(url = own.url, maxConnections = 2): Database {
  return new Database({
    url,
    name: 'test',
    maxConnections,
    statementTimeoutMs: 10_000,
    connectTimeoutMs: 5_000,
  });
}

async function backendOf(one: Database): Promise<number> {
  const pid = { name: 'backend', text: 'SELECT pg_backend_pid() AS pid' };
  const { rows } = await one.query<{ pid: number }>(pid, []);
  return rows[0]?.pid as number;
}

/** Runs a statement and returns the SQLSTATE of its error. */
async function stateOf(one: Database, text: string): Promise<string | undefined> {
  const statement = { name: `fails ${text}`.slice(0, 60), text };
  return await one.query(statement, []).then(() => undefined, sqlState);
}

test('settings of the database neither round scores nor change how statements see each other', async () => {
  await using stack = new AsyncDisposableStack();
  const set = await createTestDatabase();
  stack.defer(() => set.drop());
  const admin = new pg.Client({ connectionString: set.url });
  await admin.connect();
  for (const setting of [
    'extra_float_digits = 0',
    "default_transaction_isolation = 'serializable'",
    'array_nulls = off',
  ]) {
    await admin.query(
      `ALTER DATABASE ${admin.escapeIdentifier(admin.database as string)} SET ${setting}`,
    );
  }
  await admin.end();
  const one = open(set.url);
  stack.defer(() => one.close());
  const { rows } = await one.query(
    {
      name: 'settings',
      text: `SELECT 9007199254740991::float8::text AS score, $1::text[] AS list,
               current_setting('transaction_isolation') AS isolation`,
    },
    [[null]],
  );
  expect(rows).toEqual([
    { score: '9.007199254740991e+15', list: [null], isolation: 'read committed' },
  ]);
});

test('a statement that PostgreSQL cancels long before its time is run once more', async () => {
  const holder = new pg.Client({ connectionString: own.url });
  await holder.connect();
  try {
    await holder.query('CREATE SEQUENCE rostrum.runs');
    await holder.query('SELECT pg_advisory_lock(7)');
    const text = `SELECT nextval('rostrum.runs')::integer AS run, pg_advisory_xact_lock(7)`;
    const answer = database.query<{ run: number }>({ name: 'run', text }, []);
    await waitForLock(own.url);
    // As its timeout does when the clock of its host steps.
    await holder.query(`SELECT pg_cancel_backend(pid) FROM pg_stat_activity
                        WHERE datname = current_database() AND wait_event = 'advisory'`);
    await holder.query('SELECT pg_advisory_unlock(7)');
    expect((await answer).rows[0]?.run).toBe(2);
  } finally {
    await holder.end();
  }
});

test('what only reads is read once more when its session is ended long before its time', async () => {
  let attempts = 0;
  const attempt = await database.inSnapshot(async (client) => {
    attempts += 1;
    if (attempts === 1) await client.query('SELECT pg_terminate_backend(pg_backend_pid())');
    return attempts;
  });
  expect(attempt).toBe(2);
});

describe('a connection', () => {
  test.each([
    ['a conflict', '40001', `DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40001'; END $$`],
    ['a broken rule', '23502', 'INSERT INTO rostrum.purges (ranking_nos) VALUES (NULL)'],
    ['a value that is none', '22P02', `SELECT 'x'::integer`],
    ['a timeout', undefined, `DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '57014'; END $$`],
  ])('goes on after %s', async (_, state, text) => {
    const one = open(own.url, 1);
    try {
      const before = await backendOf(one);
      expect(await stateOf(one, text)).toBe(state);
      expect(await backendOf(one)).toBe(before);
    } finally {
      await one.close();
    }
  });

  test.each([
    ['its server end', `SELECT pg_terminate_backend(pg_backend_pid())`],
    [
      'what it prepared no longer fits',
      `DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '0A000'; END $$`,
    ],
  ])('is replaced when %s', async (_, text) => {
    const one = open(own.url, 1);
    try {
      const before = await backendOf(one);
      await stateOf(one, text);
      expect(await backendOf(one)).not.toBe(before);
    } finally {
      await one.close();
    }
  });

  test('that a failed piece of work used is replaced: it may be in a transaction', async () => {
    const one = open(own.url, 1);
    try {
      const before = await backendOf(one);
      const work = one.withConnection(async (client) => {
        await client.query('BEGIN');
        await client.query(`SELECT 'x'::integer`);
      });
      await expect(work).rejects.toThrow(/invalid input syntax/);
      expect(await backendOf(one)).not.toBe(before);
    } finally {
      await one.close();
    }
  });
});

describe('a session', () => {
  const settings = {
    name: 'settings',
    text: `SELECT name, setting FROM pg_settings
           WHERE name ~ '^(tcp_|client_connection|idle_in|enable_seqscan)'`,
  };
  const settingsOf = async (one: Database) => {
    const { rows } = await one.query<{ name: string; setting: string }>(settings, []);
    return Object.fromEntries(rows.map(({ name, setting }) => [name, setting]));
  };

  test('ends soon on the side of PostgreSQL too when its other side is gone', async () => {
    expect(await settingsOf(database)).toMatchObject({
      tcp_keepalives_idle: '5',
      tcp_keepalives_interval: '2',
      tcp_keepalives_count: '3',
      tcp_user_timeout: String(SESSION_BOUNDS.silenceMs),
      client_connection_check_interval: String(SESSION_BOUNDS.checkMs),
      idle_in_transaction_session_timeout: String(SESSION_BOUNDS.idleInTransactionMs),
    });
  });

  test('has the options of its URL, before ours', async () => {
    const url = new URL(own.url);
    url.searchParams.set('options', '-c enable_seqscan=off -c tcp_keepalives_idle=60');
    const one = open(url.href);
    try {
      expect(await settingsOf(one)).toMatchObject({
        enable_seqscan: 'off',
        tcp_keepalives_idle: '60',
        tcp_keepalives_interval: '2',
      });
    } finally {
      await one.close();
    }
  });
});

describe('a session lock', () => {
  test('is held by one, and given back whatever becomes of the work', async () => {
    const attempt = (work: () => Promise<string>) => database.whileLocked(LOCK, work);
    const outcome = attempt(async () => {
      expect(await attempt(async () => 'second')).toBeUndefined();
      throw new Error('no use');
    });
    await expect(outcome).rejects.toThrow('no use');
    expect(await attempt(async () => 'third')).toBe('third');
  });

  test('outlasts the silence that would end it, while its holder lives', async () => {
    const held = await database.whileLocked(LOCK, async (lost) => {
      await new Promise((resolve) => setTimeout(resolve, LOCK_SILENCE_MS + 1_500));
      return lost.aborted;
    });
    expect(held).toBe(false);
    // And the session is an ordinary one again.
    const { rows } = await database.query<{ idle_session_timeout: string }>(
      { name: 'idleness', text: 'SHOW idle_session_timeout' },
      [],
    );
    expect(rows).toEqual([{ idle_session_timeout: '0' }]);
  });

  test('is lost when its session ends, and its holder hears of it', async () => {
    const admin = open();
    const lost = Promise.withResolvers<void>();
    const holding = database.whileLocked(LOCK, (signal) => {
      signal.addEventListener('abort', () => lost.resolve());
      void admin.query(
        {
          name: 'terminate',
          text: `SELECT pg_terminate_backend(l.pid) FROM pg_locks l
                 JOIN pg_database d ON d.oid = l.database AND d.datname = current_database()
                 WHERE l.locktype = 'advisory' AND l.pid <> pg_backend_pid()`,
        },
        [],
      );
      return new Promise(() => {});
    });
    try {
      await expect(holding).rejects.toMatchObject({ reason: 'STORE_UNAVAILABLE' });
      await lost.promise;
    } finally {
      await admin.close();
    }
  });

  test('is lost to others by a process that stands still, and it hears of that when it goes on', async () => {
    const holder = await startHolder(own.url);
    try {
      expect(await holder.nextLine()).toBe('locked');
      const take = () => database.whileLocked(LOCK, async () => 'taken');
      expect(await take()).toBeUndefined();
      holder.process.kill('SIGSTOP');
      await expect.poll(take, { timeout: 14_000, interval: 100 }).toBe('taken');
      holder.process.kill('SIGCONT');
      expect(await holder.nextLine()).toBe('lost STORE_UNAVAILABLE');
    } finally {
      holder.process.kill('SIGKILL');
    }
  }, 30_000);
});

/** A process with the built code that takes the lock and says so, and what becomes of it. */
async function startHolder(url: string) {
  const dist = fileURLToPath(new URL('../../../dist/stores/postgres/', import.meta.url));
  const program = `
    const { Database } = await import(${JSON.stringify(`${dist}database.js`)});
    const { SESSION_LOCKS } = await import(${JSON.stringify(`${dist}session-lock.js`)});
    const database = new Database({
      url: process.env.HOLDER_URL, name: 'holder', maxConnections: 1,
      statementTimeoutMs: 10_000, connectTimeoutMs: 5_000,
    });
    await database.whileLocked(SESSION_LOCKS.purges, () => {
      console.log('locked');
      return new Promise(() => {});
    }).catch((error) => console.log('lost', error.reason));`;
  const child: ChildProcess = spawn(process.execPath, ['--input-type=module', '-e', program], {
    env: { ...process.env, HOLDER_URL: url },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child, 'spawn');
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[
    Symbol.asyncIterator
  ]();
  return { process: child, nextLine: async () => (await lines.next()).value as string };
}
