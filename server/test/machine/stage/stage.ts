import { join } from 'node:path';
import { type GeneratedCertificates, generateCertificates } from '../../../../certs/generate.ts';
import { temporaryDirectory } from '../../../../scripts/services/temporary-directory.ts';
import { LinkProxy } from './link-proxy.ts';
import { MachineServer } from './machine-server.ts';
import { PostgresHost } from './postgres-host.ts';
import { RedisPair } from './redis-pair.ts';

export const SERVERS = 3;

/** The links of one server to its stores. */
export interface Links {
  readonly postgres: LinkProxy;
  readonly redis: LinkProxy;
}

/** Three servers with links of their own to one PostgreSQL and to a Redis with a replica. */
export interface Stage {
  readonly directory: string;
  readonly certificates: GeneratedCertificates;
  readonly postgres: PostgresHost;
  readonly redis: RedisPair;
  /** By server, as `servers`. */
  readonly links: readonly Links[];
  readonly servers: readonly MachineServer[];
  /** Stops everything and removes the directory. */
  stop(): Promise<void>;
}

/**
 * @param root where `server/dist/main.js` lies: the checkout, or a copy that was broken on purpose
 * @param clockSeconds by how much PostgreSQL's clock is ahead from the start on: well below zero
 */
export async function startStage(root: string, clockSeconds: number): Promise<Stage> {
  const directory = temporaryDirectory('rostrum-faults-');
  const undo: (() => unknown)[] = [directory.remove];
  const stop = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const file = (name: string) => join(directory.path, name);
    const certificates = await generateCertificates(file('certificates'));
    const postgres = await PostgresHost.start(directory.path, clockSeconds);
    undo.push(() => postgres.stop());
    const redis = await RedisPair.start(directory.path);
    undo.push(() => redis.stop());
    const links: Links[] = [];
    const servers: MachineServer[] = [];
    for (let number = 0; number < SERVERS; number += 1) {
      const own: Links = {
        postgres: await LinkProxy.open(postgres.postgres.port),
        redis: await LinkProxy.open(redis.primary.port),
      };
      undo.push(() => Promise.all([own.postgres.close(), own.redis.close()]));
      links.push(own);
      const databaseUrl = new URL(postgres.postgres.url());
      databaseUrl.port = String(own.postgres.port);
      const env = {
        DATABASE_URL: databaseUrl.href,
        REDIS_URL: redis.urlThrough(own.redis.port),
        ROSTRUM_TLS_CA: file('certificates/ca.crt'),
        ROSTRUM_TLS_CERT: file('certificates/server.crt'),
        ROSTRUM_TLS_KEY: file('certificates/server.key'),
      };
      servers.push(new MachineServer(number, root, env, file(`server-${number}.log`)));
    }
    undo.push(() => Promise.all(servers.map((server) => server.terminate())));
    // The first one migrates; the others would only wait for it.
    await servers[0]?.start();
    await Promise.all(servers.slice(1).map((server) => server.start()));
    return { directory: directory.path, certificates, postgres, redis, links, servers, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
