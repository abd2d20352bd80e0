import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { RostrumClient } from '@rostrum/client';
import pg from 'pg';
import { inject } from 'vitest';
import type { EmbeddedPostgres } from '../../../scripts/services/postgres.ts';
import { LocalRedis } from '../../../scripts/services/redis.ts';
import { startOwnPostgres } from '../support/own-services.ts';
import { ServerProcess } from '../support/server-process.ts';
import { type TestIdentity, testCertificates } from '../support/test-certificates.ts';

export interface StageOptions {
  /** How many server processes share the stores. Default: 1. */
  readonly servers?: number;
  readonly env?: Readonly<Record<string, string>>;
}

let made = 0;

/** A PostgreSQL and a Redis of our own to break, and servers on them to break too. */
export class Stage {
  readonly postgres: EmbeddedPostgres;
  readonly redis: LocalRedis;
  readonly servers: readonly ServerProcess[];
  readonly #redisDirectory: string;

  static async start(options: StageOptions = {}): Promise<Stage> {
    made += 1;
    const redisDirectory = join(inject('temporaryDirectory'), `stage-${process.pid}-${made}`);
    const [postgres, redis] = await Promise.all([
      startOwnPostgres(),
      LocalRedis.start({
        directory: redisDirectory,
        logFile: `${redisDirectory}.log`,
        appendOnly: true,
      }),
    ]);
    const settings = {
      databaseUrl: postgres.url(),
      redisUrl: redis.url(),
      env: options.env ?? {},
    };
    const servers = Array.from({ length: options.servers ?? 1 }, () => new ServerProcess(settings));
    const stage = new Stage(postgres, redis, servers, redisDirectory);
    await Promise.all(servers.map((server) => server.start()));
    return stage;
  }

  private constructor(
    postgres: EmbeddedPostgres,
    redis: LocalRedis,
    servers: readonly ServerProcess[],
    redisDirectory: string,
  ) {
    this.postgres = postgres;
    this.redis = redis;
    this.servers = servers;
    this.#redisDirectory = redisDirectory;
  }

  /** The first, mostly the only, server. */
  get server(): ServerProcess {
    return this.servers[0] as ServerProcess;
  }

  /** A client with its own connection; close it. */
  client(identity: TestIdentity = 'writer', server = this.server): RostrumClient {
    const { ca, cert, key } = testCertificates(identity);
    return RostrumClient.connect({ address: server.address, tls: { ca, cert, key } });
  }

  /** Asks PostgreSQL itself. */
  async sql<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
    const client = new pg.Client({ connectionString: this.postgres.url() });
    client.on('error', () => {});
    await client.connect();
    try {
      return (await client.query<Row>(text, values)).rows;
    } finally {
      await client.end();
    }
  }

  /** Copies what Redis has on disk by now; `restoreRedis` puts it back. */
  async copyRedis(): Promise<string> {
    const copy = `${this.#redisDirectory}-copy`;
    await rm(copy, { recursive: true, force: true });
    await cp(join(this.#redisDirectory, 'data'), copy, { recursive: true });
    return copy;
  }

  /** Replaces the data of a Redis that does not run. */
  async restoreRedis(copy: string): Promise<void> {
    const data = join(this.#redisDirectory, 'data');
    await rm(data, { recursive: true, force: true });
    await cp(copy, data, { recursive: true });
  }

  async stop(): Promise<void> {
    // A stopped process hears no SIGTERM.
    for (const server of this.servers) server.signal('SIGCONT');
    await Promise.all(this.servers.map((server) => server.terminate()));
    await Promise.all([this.redis.kill(), this.postgres.kill()]);
  }
}
