import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { inject } from 'vitest';
import { EmbeddedPostgres } from '../../../scripts/services/postgres.ts';
import { LocalRedis } from '../../../scripts/services/redis.ts';

/**
 * A PostgreSQL server for one test to break: `kill`, `start`, `start({ wipe: true })`, `stop`. It
 * has the settings of a real one (fsync on) and an empty database `rostrum`, which the server under
 * test migrates. Stop it in the end; it stops with the test process at the latest.
 */
export async function startOwnPostgres(): Promise<EmbeddedPostgres> {
  const directory = join(inject('temporaryDirectory'), `postgres-${randomUUID()}`);
  return await EmbeddedPostgres.start({
    dataDirectory: directory,
    logFile: `${directory}.log`,
  });
}

/**
 * A Redis server for one test to break: `kill`, `start`, `start({ wipe: true })`, `stop`. With
 * `appendOnly` (the default) its data survives a kill.
 */
export async function startOwnRedis(
  options: { readonly appendOnly?: boolean } = {},
): Promise<LocalRedis> {
  const directory = join(inject('temporaryDirectory'), `redis-${randomUUID()}`);
  return await LocalRedis.start({
    directory,
    logFile: join(inject('temporaryDirectory'), 'own-redis.log'),
    appendOnly: options.appendOnly ?? true,
  });
}
