import { RostrumClient } from '@rostrum/client';
import { afterAll, beforeAll, expect } from 'vitest';
import { RostrumCli } from './rostrum-cli.ts';
import { type ServerProcess, startServerProcess } from './server-process.ts';
import { type TestIdentity, testCertificates } from './test-certificates.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';
import { createTestRedis, type TestRedis } from './test-redis.ts';
import { WireCaller } from './wire-caller.ts';

export interface TestServiceOptions {
  /** How many servers share the stores. Default: 1. */
  readonly servers?: number;
  /** Settings of all servers, see `ServerProcessOptions`. */
  readonly env?: Readonly<Record<string, string>>;
}

/** The service for the tests of a file or of a `describe`: started before the first, stopped after the last. */
export function useTestService(options: TestServiceOptions = {}): TestService {
  const service = new TestService(options);
  beforeAll(() => service.start());
  afterAll(() => service.stop());
  return service;
}

/** Servers on a database and a Redis of their own, and callers of them. */
export class TestService {
  readonly servers: ServerProcess[] = [];
  readonly #options: TestServiceOptions;
  readonly #closing: (() => Promise<void> | void)[] = [];
  #stores: { database: TestDatabase; redis: TestRedis } | undefined;

  constructor(options: TestServiceOptions = {}) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const [database, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
    this.#stores = { database, redis };
    const { servers = 1, env } = this.#options;
    await Promise.all(Array.from({ length: servers }, () => this.startServer(env)));
  }

  /** Ends what was started. The servers must not have logged a fault since they were started last. */
  async stop(): Promise<void> {
    for (const close of this.#closing.splice(0).reverse()) await close();
    const servers = this.servers.splice(0);
    const faults = servers.flatMap((server) =>
      server.log().filter(({ level }) => level === 'error' || level === 'fatal'),
    );
    await Promise.all(servers.map((server) => server.kill()));
    await Promise.all([this.#stores?.database.drop(), this.#stores?.redis.flush()]);
    expect(faults).toEqual([]);
  }

  /** Starts one more server. */
  async startServer(env: Readonly<Record<string, string>> = {}): Promise<ServerProcess> {
    const { databaseUrl, redisUrl } = this;
    const server = await startServerProcess({ databaseUrl, redisUrl, env });
    this.servers.push(server);
    return server;
  }

  /** The first, mostly the only, server. */
  get server(): ServerProcess {
    const [server] = this.servers;
    if (server === undefined) throw new Error('the service has not been started');
    return server;
  }

  get databaseUrl(): string {
    return this.#started.database.url;
  }

  get redisUrl(): string {
    return this.#started.redis.url;
  }

  get #started() {
    if (this.#stores === undefined) throw new Error('the service has not been started');
    return this.#stores;
  }

  /** A client with a connection of its own; closed with the service at the latest. */
  client(identity: TestIdentity = 'writer', server = this.server): RostrumClient {
    const { address } = server;
    const client = RostrumClient.connect({ address, tls: testCertificates(identity) });
    this.#closing.push(() => client.close());
    return client;
  }

  /** The same for a caller that sends bytes as they are. */
  wire(identity: TestIdentity = 'writer'): WireCaller {
    const wire = new WireCaller(this.server.address, identity);
    this.#closing.push(() => wire[Symbol.dispose]());
    return wire;
  }

  /** The `rostrum` command, as `admin`. */
  cli(env: Readonly<Record<string, string>> = {}): RostrumCli {
    return new RostrumCli(this.server.address, env);
  }
}
