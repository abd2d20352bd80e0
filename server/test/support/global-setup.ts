import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import type { TestProject } from 'vitest/node';
import { EmbeddedPostgres } from '../../../scripts/services/postgres.ts';
import { LocalRedis } from '../../../scripts/services/redis.ts';
import { temporaryDirectory } from '../../../scripts/services/temporary-directory.ts';
import { migrate } from '../../src/stores/postgres/migrate.js';
import { makeCertificates } from './make-certificates.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The PostgreSQL server of the run; its role may make databases. */
    readonly postgresUrl: string;
    /** The database with all migrations that `createTestDatabase` clones. */
    readonly templateDatabase: string;
    /** The Redis server of the run, without a database number. */
    readonly redisUrl: string;
    /** Holds what `certs/` made for this run. */
    readonly certificatesDirectory: string;
    /** Of the run; removed at its end. */
    readonly temporaryDirectory: string;
  }
}

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/**
 * Brings up what the tests need, once for the run, on ephemeral ports. TEST_DATABASE_URL and
 * TEST_REDIS_URL name existing servers instead; tests make their own databases there.
 */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const undo: (() => unknown)[] = [];
  const tearDown = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const directory = temporaryDirectory('rostrum-test-');
    undo.push(directory.remove);
    project.provide('temporaryDirectory', directory.path);
    buildServer();
    const certificates = join(directory.path, 'certificates');
    const [postgresUrl, redisUrl] = await Promise.all([
      startPostgres(directory.path, undo),
      startRedis(directory.path, undo),
      makeCertificates(certificates),
    ]);
    project.provide('postgresUrl', postgresUrl);
    project.provide('redisUrl', redisUrl);
    project.provide('certificatesDirectory', certificates);
    project.provide('templateDatabase', await makeTemplate(postgresUrl, undo));
  } catch (error) {
    await tearDown();
    throw error;
  }
  return tearDown;
}

/** Tests of the whole process run the build: without this, `npx vitest` could run an old one. */
function buildServer(): void {
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const build = spawnSync(process.execPath, [tsc, '-b', 'server', 'clients/cli'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  if (build.status !== 0) {
    const errors = build.stdout.split('\n').slice(0, 8).join('\n');
    console.warn(`tsc -b failed; tests of whole processes may run an old build\n${errors}\n`);
  }
}

async function startPostgres(directory: string, undo: (() => unknown)[]): Promise<string> {
  const existing = process.env.TEST_DATABASE_URL;
  if (existing) return existing;
  const postgres = await EmbeddedPostgres.start({
    dataDirectory: join(directory, 'postgres'),
    logFile: join(directory, 'postgres.log'),
    fsync: false,
  });
  undo.push(() => postgres.stop());
  return postgres.url('postgres');
}

async function startRedis(directory: string, undo: (() => unknown)[]): Promise<string> {
  const existing = process.env.TEST_REDIS_URL;
  if (existing) return existing;
  const redis = await LocalRedis.start({
    directory: join(directory, 'redis'),
    logFile: join(directory, 'redis.log'),
    appendOnly: false,
    databases: 10_000,
    report: (line) => console.log(line),
  });
  undo.push(() => redis.stop());
  return redis.url();
}

async function makeTemplate(postgresUrl: string, undo: (() => unknown)[]): Promise<string> {
  const name = `rostrum_template_${process.pid}_${Date.now()}`;
  await query(postgresUrl, `CREATE DATABASE ${name}`);
  undo.push(() => query(postgresUrl, `DROP DATABASE ${name} WITH (FORCE)`));
  const url = new URL(postgresUrl);
  url.pathname = `/${name}`;
  await migrate(url.href);
  return name;
}

async function query(url: string, text: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}
