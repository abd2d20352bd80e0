import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/support/test-database.ts';
import type { LeaderboardId } from '../../domain/ids.js';
import { DEFAULT_SETTINGS } from '../../domain/leaderboard.js';
import { Database } from './database.js';
import { PostgresRankingStore } from './ranking-store.js';
import { SchemaKeeper } from './schema-keeper.js';
import { FUNCTION_SET } from './sql-file.js';

const QUIET = { debug() {}, info() {}, warn() {}, error() {} };

let own: TestDatabase;
let database: Database;

beforeEach(async () => {
  own = await createTestDatabase();
  database = new Database({
    url: own.url,
    name: 'test',
    maxConnections: 2,
    statementTimeoutMs: 10_000,
    connectTimeoutMs: 5_000,
  });
});

afterEach(async () => {
  await database.close();
  await own.drop();
});

function sql<Row extends Record<string, unknown>>(text: string, values: unknown[] = []) {
  return database.query<Row>({ name: '', text }, values);
}

/** As a server of another version would leave it. */
async function installSet(name: string, daysSinceInstalled: number, daysSinceUsed: number) {
  await sql(`CREATE SCHEMA ${name}`);
  await sql(`CREATE FUNCTION ${name}.read_clock() RETURNS integer LANGUAGE sql RETURN 1`);
  await sql(
    `INSERT INTO rostrum.function_sets VALUES
       ($1, now() - make_interval(days => $2), now() - make_interval(days => $3))`,
    [name, daysSinceInstalled, daysSinceUsed],
  );
}

async function installedSets(): Promise<string[]> {
  const { rows } = await sql<{ name: string }>(
    `SELECT nspname AS name FROM pg_namespace WHERE nspname LIKE 'rostrum\\_%' ORDER BY 1`,
  );
  return rows.map(({ name }) => name);
}

test('sets of functions that no server used for a week go, an hour after they were found', async () => {
  await installSet('rostrum_unused', 30, 8);
  await installSet('rostrum_in_use', 30, 6);
  // A later one than ours, as after going back to the version before.
  await installSet('rostrum_newest', -1, 30);
  const keeper = new SchemaKeeper(database, own.url, QUIET);
  await keeper.look();
  expect(await installedSets()).toContain('rostrum_unused');
  await keeper.look();
  expect(await installedSets()).toEqual([FUNCTION_SET, 'rostrum_in_use', 'rostrum_newest'].sort());
});

test('a set whose use is noted after the clock made it look unused stays', async () => {
  await installSet('rostrum_alive', 30, 8);
  await installSet('rostrum_newest', -1, 30);
  const keeper = new SchemaKeeper(database, own.url, QUIET);
  await keeper.look();
  await sql(`UPDATE rostrum.function_sets SET last_use_time = now() WHERE name = 'rostrum_alive'`);
  await keeper.look();
  expect(await installedSets()).toContain('rostrum_alive');
});

test('a server whose functions were removed while it slept installs them again and goes on', async () => {
  const store = new PostgresRankingStore(database, database);
  await store.createDefault('before' as LeaderboardId, DEFAULT_SETTINGS);
  await sql(`DROP SCHEMA ${FUNCTION_SET} CASCADE`);
  await sql('DELETE FROM rostrum.function_sets');
  const keeper = new SchemaKeeper(database, own.url, QUIET);
  await keeper.look();
  expect(await installedSets()).toEqual([FUNCTION_SET]);
  // A session may have planned statements with the functions that are gone; it is replaced.
  const make = () => store.createDefault('after' as LeaderboardId, DEFAULT_SETTINGS);
  expect((await make().catch(make)).leaderboardId).toBe('after');
});
