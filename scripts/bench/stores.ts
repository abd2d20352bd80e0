import { join } from 'node:path';
import { Client } from 'pg';
import { generateCertificates } from '../../certs/generate.ts';
import { EmbeddedPostgres } from '../services/postgres.ts';
import { LocalRedis } from '../services/redis.ts';
import type { Undoing } from './undoing.ts';

/** The stores of one benchmark, as `npm start` runs them: durable as in production. */
export interface BenchStores {
  readonly postgres: EmbeddedPostgres;
  readonly redis: LocalRedis;
  /** Their versions and the settings that matter, in one line each. */
  readonly description: readonly string[];
  stop(): Promise<void>;
}

const SHOWN = [
  'fsync',
  'synchronous_commit',
  'full_page_writes',
  'shared_buffers',
  'max_wal_size',
  'checkpoint_timeout',
];

/** What every benchmark stands on: certificates in a directory, and PostgreSQL and Redis with their data in it. */
export async function prepareStores(
  directory: string,
  undoing: Undoing,
  report: (line: string) => void,
): Promise<{ readonly certificates: string; readonly stores: BenchStores }> {
  const certificates = join(directory, 'certificates');
  await generateCertificates(certificates);
  report('starting PostgreSQL and Redis');
  const stores = await startStores(directory, report);
  undoing.add(() => stores.stop());
  return { certificates, stores };
}

async function startStores(
  directory: string,
  report: (line: string) => void,
): Promise<BenchStores> {
  const postgres = await EmbeddedPostgres.start({
    dataDirectory: join(directory, 'postgres'),
    logFile: join(directory, 'postgres.log'),
  });
  const redis = await LocalRedis.start({
    directory: join(directory, 'redis'),
    logFile: join(directory, 'redis.log'),
    appendOnly: true,
    report,
  });
  return {
    postgres,
    redis,
    description: [
      await describePostgres(postgres),
      `Redis: appendonly yes, appendfsync everysec, no snapshots`,
    ],
    async stop() {
      await Promise.all([postgres.stop(), redis.stop()]);
    },
  };
}

async function describePostgres(postgres: EmbeddedPostgres): Promise<string> {
  const settings: string[] = [];
  for (const name of SHOWN) {
    const rows = await query<Record<string, string>>(postgres.url(), `SHOW ${name}`);
    settings.push(`${name} ${rows[0]?.[name]}`);
  }
  const rows = await query<{ server_version: string }>(postgres.url(), 'SHOW server_version');
  return `PostgreSQL ${rows[0]?.server_version}: ${settings.join(', ')}`;
}

/** Runs one statement on a connection of its own. */
export async function query<Row>(
  url: string,
  text: string,
  values: unknown[] = [],
): Promise<Row[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text, values)).rows as Row[];
  } finally {
    await client.end();
  }
}
