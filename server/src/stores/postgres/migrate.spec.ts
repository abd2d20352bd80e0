import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LinkProxy } from '../../../test/machine/stage/link-proxy.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/support/test-database.ts';
import { waitForLock } from '../../../test/support/wait-for-lock.ts';
import { MIGRATION_LOCK, migrate, readMigrations } from './migrate.js';

let own: TestDatabase;
let client: pg.Client;

beforeAll(async () => {
  own = await createTestDatabase();
  client = new pg.Client({ connectionString: own.url });
  await client.connect();
});

afterAll(async () => {
  await client?.end();
  await own?.drop();
});

test('several servers that start at once migrate an empty database once', async () => {
  await client.query('DROP SCHEMA rostrum CASCADE');
  const applied = await Promise.all([migrate(own.url), migrate(own.url), migrate(own.url)]);
  expect(applied.flat()).toEqual(readMigrations().map(({ name }) => name));
  expect(await migrate(own.url)).toEqual([]);
});

test.each([
  ['another text', 'other'],
  ['a text nobody kept', null],
])('a migration that was applied as %s is refused', async (_, digest) => {
  const kept = await client.query('SELECT digest FROM rostrum.migrations WHERE version = 2');
  const set = 'UPDATE rostrum.migrations SET digest = $1 WHERE version = 2';
  await client.query(set, [digest]);
  await expect(migrate(own.url)).rejects.toThrow(
    /^migration 0002_scores of this database is not the one that this server knows/,
  );
  await client.query(set, [kept.rows[0].digest]);
  expect(await migrate(own.url)).toEqual([]);
});

test('a database of a newer server is refused', async () => {
  await client.query(`INSERT INTO rostrum.migrations (version, name) VALUES (99, '0099_later')`);
  await expect(migrate(own.url)).rejects.toThrow(/0099_later, which is newer than this server/);
});

test.each(['ends', 'freezes'])('a connection that %s fails the migration', async (what) => {
  await using stack = new AsyncDisposableStack();
  const link = await LinkProxy.open(Number(new URL(own.url).port));
  stack.defer(() => link.close());
  const url = new URL(own.url);
  url.port = String(link.port);
  await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
  const migrating = migrate(url.href);
  migrating.catch(() => {});
  try {
    await waitForLock(own.url);
    if (what === 'freezes') await link.set('frozen');
    else {
      await client.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
    }
  } finally {
    await client.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]);
  }
  await expect(migrating).rejects.toThrow(what === 'freezes' ? /is dead/ : /terminat/);
});
