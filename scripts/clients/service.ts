import { join } from 'node:path';
import { Client } from 'pg';
import { makeCertificates } from '../../server/test/support/make-certificates.ts';
import { ROOT } from '../foreground.ts';
import { EmbeddedPostgres } from '../services/postgres.ts';
import { LocalRedis } from '../services/redis.ts';
import type { ServiceProcess } from '../services/service-process.ts';
import { temporaryDirectory } from '../services/temporary-directory.ts';
import { launchServer } from '../start/server.ts';

interface NamedServer {
  process: ServiceProcess | undefined;
  /** `host:port`; the same after a restart. */
  address: string;
}

/**
 * A whole service for the tests of a client: PostgreSQL, Redis, certificates, and any number of
 * servers on them, each by a name, to be killed and started again. All of it is gone after `end`, or
 * with this process.
 */
export class Service {
  /** Holds ca.crt, and a .crt and a .key for each identity of test-certificates.ts. */
  readonly certificates: string;
  readonly postgres: EmbeddedPostgres;
  readonly redis: LocalRedis;
  readonly #directory: string;
  readonly #removeDirectory: () => void;
  readonly #servers = new Map<string, NamedServer>();

  static async begin(): Promise<Service> {
    const { path, remove } = temporaryDirectory('rostrum-clients-');
    const certificates = join(path, 'certificates');
    const [postgres, redis] = await Promise.all([
      EmbeddedPostgres.start({
        dataDirectory: join(path, 'postgres'),
        logFile: join(path, 'postgres.log'),
        fsync: false,
      }),
      LocalRedis.start({
        directory: join(path, 'redis'),
        logFile: join(path, 'redis.log'),
        appendOnly: true,
      }),
      makeCertificates(certificates),
    ]);
    return new Service(path, remove, certificates, postgres, redis);
  }

  private constructor(
    directory: string,
    removeDirectory: () => void,
    certificates: string,
    postgres: EmbeddedPostgres,
    redis: LocalRedis,
  ) {
    this.#directory = directory;
    this.#removeDirectory = removeDirectory;
    this.certificates = certificates;
    this.postgres = postgres;
    this.redis = redis;
  }

  /** Starts the server of that name, on the port that it had before, and returns its `host:port`. */
  async start(name: string, settings: Readonly<Record<string, string>> = {}): Promise<string> {
    const server = this.#servers.get(name) ?? { process: undefined, address: '127.0.0.1:0' };
    this.#servers.set(name, server);
    if (server.process && !server.process.end) return server.address;
    const file = (base: string) => join(this.certificates, base);
    const { server: started, address } = await launchServer({
      root: ROOT,
      env: {
        ...foreignSettings(process.env),
        ROSTRUM_ADDRESS: server.address,
        DATABASE_URL: this.postgres.url(),
        REDIS_URL: this.redis.url(),
        ROSTRUM_TLS_CA: file('ca.crt'),
        ROSTRUM_TLS_CERT: file('server.crt'),
        ROSTRUM_TLS_KEY: file('server.key'),
        ...settings,
      },
      logFile: join(this.#directory, `${name}.log`),
      showLog: false,
    });
    server.process = started;
    try {
      server.address = await address;
    } catch (error) {
      await started.kill();
      throw error;
    }
    return server.address;
  }

  /** SIGTERM: the server finishes what it has begun. Resolves when it has ended. */
  async stop(name: string): Promise<void> {
    await this.#servers.get(name)?.process?.stop(30_000);
  }

  /** SIGKILL. Resolves when it has ended. */
  async kill(name: string): Promise<void> {
    await this.#servers.get(name)?.process?.kill();
  }

  /** Sends a signal (SIGSTOP, SIGCONT, SIGHUP), and does not wait. */
  signal(name: string, signal: NodeJS.Signals): void {
    this.#servers.get(name)?.process?.signal(signal);
  }

  /** The latest lines of a server's log. */
  log(name: string): string {
    return this.#servers.get(name)?.process?.tail() ?? '';
  }

  /** Runs one statement on the service's database and returns its rows. */
  async query(sql: string, values: readonly unknown[] = []): Promise<unknown[]> {
    const client = new Client({ connectionString: this.postgres.url() });
    await client.connect();
    try {
      return (await client.query(sql, [...values])).rows;
    } finally {
      await client.end();
    }
  }

  async end(): Promise<void> {
    // A server that was stopped by SIGSTOP takes no other signal.
    for (const { process } of this.#servers.values()) process?.signal('SIGCONT');
    await Promise.all([...this.#servers.values()].map(({ process }) => process?.stop()));
    await Promise.all([this.postgres.stop(), this.redis.stop()]);
    this.#removeDirectory();
  }
}

/** The settings of whoever runs the tests, without a value: they must not reach the servers. */
function foreignSettings(env: NodeJS.ProcessEnv): Record<string, undefined> {
  const foreign = Object.keys(env).filter((key) =>
    /^(ROSTRUM_|PG|NODE_OPTIONS$|NODE_ENV$)/.test(key),
  );
  return Object.fromEntries(foreign.map((key) => [key, undefined]));
}
