import type pg from 'pg';
import { sessionConfig } from './session.js';
import { SessionClient } from './session-client.js';
import { SessionWatch } from './session-watch.js';
import {
  digestOf,
  FUNCTION_SET,
  FUNCTIONS_IN_ORDER,
  MIGRATION_FILES,
  type SqlFile,
  statement,
} from './sql-file.js';

const RECORD_FUNCTION_SET = statement('record_function_set');
const ENSURE_PARTITIONS = statement('ensure_partitions');

/** All servers use this lock, and nothing else in the database does. */
export const MIGRATION_LOCK = 7_482_100_461;

/** The first version that has `old` in RETURNING. */
const MIN_POSTGRES = 18;

interface Migration extends SqlFile {
  readonly version: number;
  readonly digest: string;
}

/** The numbered migrations, in order. @throws Error if a number is missing or used twice */
export function readMigrations(): Migration[] {
  return MIGRATION_FILES.map((file, index) => {
    const version = Number.parseInt(file.name, 10);
    if (version !== index + 1) {
      throw new Error(`migration ${file.name} should have number ${index + 1}`);
    }
    return { ...file, version, digest: digestOf([file]) };
  });
}

/**
 * Brings the database to the schema of this server, and installs its functions beside those of other
 * versions. Servers that start at the same time take turns; each step runs once, in a transaction of its
 * own.
 *
 * @returns the names of the migrations that this call applied, and of the functions that it installed
 * @throws Error if PostgreSQL is too old, or the database has a migration that this server does not
 * know, or a different one under the same number
 */
export async function migrate(databaseUrl: string): Promise<string[]> {
  const client = new SessionClient({
    ...sessionConfig(databaseUrl),
    application_name: 'rostrum migrate',
    connectionTimeoutMillis: 10_000,
  });
  // It may break between two statements, and the next one could not say why.
  let broken: Error | undefined;
  client.on('error', (error) => {
    broken ??= error;
  });
  await client.connect();
  const watch = new SessionWatch(databaseUrl);
  watch.watch(client);
  try {
    await checkPostgres(client);
    await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    const pending = await pendingMigrations(client);
    for (const migration of pending) await applyMigration(client, migration);
    const isNew = await installFunctions(client);
    if (pending.length > 0) await client.query(ENSURE_PARTITIONS.text);
    return [...pending.map((migration) => migration.name), ...(isNew ? [FUNCTION_SET] : [])];
  } catch (error) {
    throw broken ?? error;
  } finally {
    await client.end();
    await watch.close();
  }
}

/** @throws Error */
async function checkPostgres(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ server_version: string }>('SHOW server_version');
  const version = rows[0]?.server_version ?? '';
  if (Number.parseInt(version, 10) >= MIN_POSTGRES) return;
  throw new Error(
    `the database is PostgreSQL ${version}; PostgreSQL ${MIN_POSTGRES} or newer is needed`,
  );
}

/** The migrations that the database lacks. @throws Error if it has others than this server knows */
async function pendingMigrations(client: pg.Client): Promise<Migration[]> {
  await client.query(`
    CREATE SCHEMA IF NOT EXISTS rostrum;
    CREATE TABLE IF NOT EXISTS rostrum.migrations (
      version    integer PRIMARY KEY,
      name       text NOT NULL,
      apply_time timestamptz NOT NULL DEFAULT clock_timestamp()
    );
    ALTER TABLE rostrum.migrations ADD COLUMN IF NOT EXISTS digest text`);
  const { rows } = await client.query<Pick<Migration, 'version' | 'name' | 'digest'>>(
    'SELECT version, name, digest FROM rostrum.migrations ORDER BY version',
  );
  const migrations = readMigrations();
  for (const { version, name, digest } of rows) {
    const known = migrations[version - 1];
    if (known === undefined) {
      throw new Error(
        `the database has migration ${name}, which is newer than this server (it knows ` +
          `${migrations.length}); run a newer server, or restore a backup made before the upgrade`,
      );
    }
    if (known.digest !== digest) {
      throw new Error(
        `migration ${name} of this database is not the one that this server knows: another version, ` +
          'from before a release, made the database; run that version, or let this one make a new ' +
          'database (for the one of npm start: npm run reset-data)',
      );
    }
  }
  return migrations.slice(rows.length);
}

function applyMigration(client: pg.Client, migration: Migration): Promise<void> {
  return inTransaction(client, `migration ${migration.name}`, async () => {
    await client.query(migration.text);
    await client.query(
      'INSERT INTO rostrum.migrations (version, name, digest) VALUES ($1, $2, $3)',
      [migration.version, migration.name, migration.digest],
    );
  });
}

/** Returns false if they are installed already. */
function installFunctions(client: pg.Client): Promise<boolean> {
  return inTransaction(client, 'installing the database functions', async () => {
    const { rows } = await client.query<{ missing: boolean }>(RECORD_FUNCTION_SET.text, [
      FUNCTION_SET,
    ]);
    if (rows[0]?.missing !== true) return false;
    await client.query(
      `DROP SCHEMA IF EXISTS ${FUNCTION_SET} CASCADE; CREATE SCHEMA ${FUNCTION_SET}`,
    );
    for (const text of FUNCTIONS_IN_ORDER) await client.query(text);
    return true;
  });
}

async function inTransaction<T>(
  client: pg.Client,
  what: string,
  work: () => Promise<T>,
): Promise<T> {
  await client.query('BEGIN');
  try {
    const result = await work();
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK');
    throw new Error(`${what} failed: ${(error as Error).message}`, { cause: error });
  }
}
