import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeMutant } from '../../../test/machine/mutations/mutant.ts';
import { LinkProxy } from '../../../test/machine/stage/link-proxy.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/support/test-database.ts';
import { waitForLock } from '../../../test/support/wait-for-lock.ts';
import { MIGRATION_LOCK, migrate, readMigrations } from './migrate.js';
import { FUNCTION_SET } from './sql-file.js';

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
  await client.query(`DROP SCHEMA rostrum CASCADE; DROP SCHEMA ${FUNCTION_SET} CASCADE`);
  const applied = await Promise.all([migrate(own.url), migrate(own.url), migrate(own.url)]);
  expect(applied.flat()).toEqual([...readMigrations().map(({ name }) => name), FUNCTION_SET]);
  expect(await migrate(own.url)).toEqual([]);
});

test.each([
  ['without the functions', `DROP SCHEMA ${FUNCTION_SET} CASCADE`],
  ['after all that depends on them was dropped', 'DROP SCHEMA rostrum CASCADE'],
])('tables that were restored %s get the functions', async (_, drop) => {
  await client.query(drop);
  expect(await migrate(own.url)).toContain(FUNCTION_SET);
  const made = `SELECT ${FUNCTION_SET}.create_leaderboard('a', '', 1::int2, 1::int2, 1::int2, NULL)`;
  await client.query(made);
  expect((await client.query(`SELECT ${FUNCTION_SET}.clock_mark()`)).rowCount).toBe(1);
});

test('a server of another version has its own functions beside those of this one', async () => {
  const other = makeMutant(fileURLToPath(new URL('../../../../', import.meta.url)), {
    name: 'other-version',
    patches: [
      {
        file: 'src/stores/postgres/functions/create_leaderboard.sql',
        find: "VALUES (v_board_no, '1')",
        replace: "VALUES (v_board_no, 'other')",
      },
    ],
  });
  try {
    const stores = join(other.root, 'server/dist/stores/postgres');
    const its = {
      ...(await import(join(stores, 'migrate.js'))),
      ...(await import(join(stores, 'sql-file.js'))),
    };
    expect(await its.migrate(own.url)).toEqual([its.FUNCTION_SET]);
    expect(await migrate(own.url)).toEqual([]);
    for (const set of [FUNCTION_SET, its.FUNCTION_SET]) {
      await client.query(
        `SELECT ${set}.create_leaderboard('of-' || $1, '', 1::int2, 1::int2, 1::int2, NULL)`,
        [set],
      );
    }
    const { rows } = await client.query(
      `SELECT season_id FROM rostrum.seasons JOIN rostrum.leaderboards USING (board_no)
       WHERE leaderboard_id LIKE 'of-%' ORDER BY board_no`,
    );
    expect(rows.map(({ season_id }) => season_id)).toEqual(['1', 'other']);
  } finally {
    other.remove();
  }
});

test.each([
  ['another text', 'other'],
  ['a text nobody kept', null],
])('a migration that was applied as %s is refused', async (_, digest) => {
  const kept = await client.query('SELECT digest FROM rostrum.migrations WHERE version = 1');
  const set = 'UPDATE rostrum.migrations SET digest = $1 WHERE version = 1';
  await client.query(set, [digest]);
  await expect(migrate(own.url)).rejects.toThrow(
    /^migration 0001_baseline of this database is not the one .* npm run reset-data/,
  );
  await client.query(set, [kept.rows[0].digest]);
  expect(await migrate(own.url)).toEqual([]);
});

test('a database of before the migrations became one is refused by name, with the way out', async () => {
  const kept = await client.query('SELECT * FROM rostrum.migrations');
  await client.query(
    `UPDATE rostrum.migrations SET name = '0001_leaderboards', digest = 'old';
     INSERT INTO rostrum.migrations (version, name, digest)
     SELECT n, '000' || n || '_old', 'old' FROM generate_series(2, 5) AS n`,
  );
  await expect(migrate(own.url)).rejects.toThrow(
    /^migration 0001_leaderboards .* npm run reset-data/,
  );
  await client.query('DELETE FROM rostrum.migrations WHERE version > 1');
  await client.query('UPDATE rostrum.migrations SET name = $1, digest = $2', [
    kept.rows[0].name,
    kept.rows[0].digest,
  ]);
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
