import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../services/free-port.ts';
import { EmbeddedPostgres } from '../services/postgres.ts';
import { LocalRedis } from '../services/redis.ts';
import { step } from './progress.ts';
import { rotateLog, type State } from './state.ts';

/** A store in use: one of our own, which `service` then is, or somebody else's. */
export interface Store {
  readonly name: string;
  readonly url: string;
  readonly service: EmbeddedPostgres | LocalRedis | undefined;
}

/** Tried first, so that connection strings stay the same from start to start. */
const POSTGRES_PORT = 50_432;
const REDIS_PORT = 50_379;
/** Pause before a store that ended by itself is started again, in milliseconds. */
const RESTART_PAUSE_MS = 500;

export async function startPostgres(state: State): Promise<Store> {
  return await step<Store>('PostgreSQL', async (report) => {
    const name = 'PostgreSQL';
    const given = process.env.DATABASE_URL;
    if (given) {
      const value = { name, url: given, service: undefined };
      return { said: `DATABASE_URL, at ${placeOf(given)}`, value };
    }
    report('starting (the first time makes the database)');
    const service = await EmbeddedPostgres.start({
      dataDirectory: state.postgresDirectory,
      logFile: rotateLog(state.logFile('postgres')),
      port: await freePort(POSTGRES_PORT),
    });
    const value = { name, url: service.url(), service };
    return { said: `embedded, on port ${service.port}; data in ${state.postgresDirectory}`, value };
  });
}

export async function startRedis(state: State): Promise<Store> {
  return await step<Store>('Redis', async (report) => {
    const name = 'Redis';
    const given = process.env.REDIS_URL;
    if (given) {
      return {
        said: `REDIS_URL, at ${placeOf(given)}`,
        value: { name, url: given, service: undefined },
      };
    }
    report('starting');
    const service = await LocalRedis.start({
      directory: state.redisDirectory,
      logFile: rotateLog(state.logFile('redis')),
      port: await freePort(REDIS_PORT),
      appendOnly: true,
      report,
    });
    const value = { name, url: service.url(), service };
    return {
      said: `redis-server, on port ${service.port}; data in ${state.redisDirectory}`,
      value,
    };
  });
}

/**
 * Starts a store of ours again whenever it ends by itself, so that killing one shows what Rostrum
 * makes of it. Resolves only when it cannot be started again, with the reason.
 */
export async function keepRunning(store: Store, isStopping: () => boolean): Promise<string> {
  const { name, service } = store;
  for (;;) {
    if (!service) return await new Promise<never>(() => undefined);
    const { code, signal } = await service.ended;
    if (isStopping()) return `${name} was stopped`;
    console.log(`${name} ended by itself (${signal ?? `code ${code}`}); starting it again`);
    await delay(RESTART_PAUSE_MS);
    if (isStopping()) return `${name} was stopped`;
    try {
      await service.start();
      console.log(`${name} runs again`);
    } catch (error) {
      return [
        error instanceof Error ? error.message : String(error),
        `${name} could not be started again. Mend the cause, then run: npm start`,
      ].join('\n');
    }
  }
}

/** Where a connection string points, without its password. */
function placeOf(url: string): string {
  try {
    const { host, pathname } = new URL(url);
    return `${host}${pathname}`;
  } catch {
    return 'the given address';
  }
}
