import { join } from 'node:path';
import { RostrumClient } from '@rostrum/client';
import pg from 'pg';
import { inject } from 'vitest';
import type { EmbeddedPostgres } from '../../../scripts/services/postgres.ts';
import type { LocalRedis } from '../../../scripts/services/redis.ts';
import { LinkProxy } from '../machine/stage/link-proxy.ts';
import { onRedis, RedisPair } from '../machine/stage/redis-pair.ts';
import { startOwnPostgres } from '../support/own-services.ts';
import { ServerProcess } from '../support/server-process.ts';
import { type TestIdentity, testCertificates } from '../support/test-certificates.ts';

/** The links of one server to its stores. */
export interface Links {
  readonly postgres: LinkProxy;
  readonly redis: LinkProxy;
}

let made = 0;

/** Two servers that reach PostgreSQL, and a Redis primary with a replica, each through links of its own. */
export class SplitStage {
  readonly postgres: EmbeddedPostgres;
  readonly redis: RedisPair;
  readonly links: readonly [Links, Links];
  readonly servers: readonly [ServerProcess, ServerProcess];

  static async start(): Promise<SplitStage> {
    made += 1;
    const directory = join(inject('temporaryDirectory'), `split-${process.pid}-${made}`);
    const [postgres, redis] = await Promise.all([startOwnPostgres(), RedisPair.start(directory)]);
    const link = async (): Promise<Links> => ({
      postgres: await LinkProxy.open(postgres.port),
      redis: await LinkProxy.open(redis.primary.port),
    });
    const stage = new SplitStage(postgres, redis, [await link(), await link()]);
    // The first one migrates; the other would only wait for it.
    for (const server of stage.servers) await server.start();
    return stage;
  }

  private constructor(postgres: EmbeddedPostgres, redis: RedisPair, links: [Links, Links]) {
    this.postgres = postgres;
    this.redis = redis;
    this.links = links;
    const [a, b] = links.map((own) => {
      const databaseUrl = new URL(postgres.url());
      databaseUrl.port = String(own.postgres.port);
      return new ServerProcess({
        databaseUrl: databaseUrl.href,
        redisUrl: redis.urlThrough(own.redis.port),
      });
    });
    this.servers = [a as ServerProcess, b as ServerProcess];
  }

  get server(): ServerProcess {
    return this.servers[0];
  }

  /** A client with its own connection; close it. */
  client(identity: TestIdentity = 'writer', server = this.server): RostrumClient {
    const { ca, cert, key } = testCertificates(identity);
    return RostrumClient.connect({ address: server.address, tls: { ca, cert, key } });
  }

  /** The Redis at which a server's link ends leads elsewhere from now on. */
  move(server: 0 | 1, to: LocalRedis, open: 'reset' | 'frozen' = 'reset'): void {
    this.links[server].redis.move(to.port, open);
  }

  /** Makes the Redis that is not primary a replica that has caught up, for the next test. */
  async heal(): Promise<void> {
    await this.redis.follow();
    for (const { redis } of this.links) redis.resetDead();
  }

  /** Asks PostgreSQL itself, past all links. */
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

  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.terminate()));
    await Promise.all(this.links.flatMap((own) => [own.postgres.close(), own.redis.close()]));
    await Promise.all([this.redis.stop(), this.postgres.kill()]);
  }
}

/** Removes everything that a Redis has. */
export async function empty(redis: LocalRedis): Promise<void> {
  await onRedis(redis, (connection) => connection.flushall());
}
