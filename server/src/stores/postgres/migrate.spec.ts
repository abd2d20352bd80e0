import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/support/test-database.ts';
import { migrate, readMigrations } from './migrate.js';

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
