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

/** Any number: all servers use this one, and nothing else in the database does. */
export const MIGRATION_LOCK = 7_482_100_461;

/** The first version that returns rows as they were before an update, as the migrations need it. */
const LEAST_POSTGRES = 18;

interface Migration extends SqlFile {
  readonly version: number;
  readonly digest: string;
}

/** The numbered migrations, in order. @throws Error if numbers are missing or used twice */
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
 * know, or has otherwise
 */
export async function migrate(databaseUrl: string): Promise<string[]> {
  const migrations = readMigrations();
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
    await client.query(`
      CREATE SCHEMA IF NOT EXISTS rostrum;
      CREATE TABLE IF NOT EXISTS rostrum.migrations (
        version    integer PRIMARY KEY,
        name       text NOT NULL,
        apply_time timestamptz NOT NULL DEFAULT clock_timestamp()
      );
      ALTER TABLE rostrum.migrations ADD COLUMN IF NOT EXISTS digest text`);
    const { rows } = await client.query<Applied>(
      'SELECT version, name, digest FROM rostrum.migrations ORDER BY version',
    );
    for (const applied of rows) {
      if (applied.version <= migrations.length) {
        checkDigest(applied, migrations[applied.version - 1]);
      }
    }
    const newest = rows.at(-1);
    if (newest !== undefined && newest.version > migrations.length) {
      throw new Error(
        `the database has migration ${newest.name}, which is newer than this server (it knows ` +
          `${migrations.length}); run a newer server, or restore a backup made before the upgrade`,
      );
    }
    const pending = migrations.slice(newest?.version ?? 0);
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
  const { rows } = await client.query<{ version: string; major: number }>(
    `SELECT current_setting('server_version') AS version,
            current_setting('server_version_num')::integer / 10000 AS major`,
  );
  const [server] = rows;
  if (server === undefined || server.major >= LEAST_POSTGRES) return;
  throw new Error(
    `the database is PostgreSQL ${server.version}; PostgreSQL ${LEAST_POSTGRES} or newer is needed`,
  );
}

/** A migration that a database has. Those before the first release kept no digest. */
interface Applied {
  readonly version: number;
  readonly name: string;
  readonly digest: string | null;
}

/** @throws Error if the migration was another when it was applied: the schema is not the expected one */
function checkDigest(applied: Applied, migration: Migration | undefined): void {
  if (applied.digest === migration?.digest) return;
  throw new Error(
    `migration ${applied.name} of this database is not the one that this server knows: another ` +
      'version, from before a release, made the database; run that version, or let this one make a ' +
      'new database (for the one of npm start: npm run reset-data)',
  );
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

/** False if they are there. */
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
