import { RostrumClient } from '@rostrum/client';
import type { GlobalOptions } from '../global-options.js';
import { type CredentialFiles, findCredentials } from './find-credentials.js';
import { identityOf } from './identity.js';
import type { Role } from './role.js';

const MAX_ATTEMPTS = 4;

/** Keeps one client per identity and server, so that the commands of a shell share connections. */
export class ConnectionPool {
  private readonly shared = new Map<string, Promise<RostrumClient>>();
  private readonly apart = new Set<RostrumClient>();
  private lastFiles: CredentialFiles | undefined;

  constructor(
    private readonly env: NodeJS.ProcessEnv,
    private readonly cwd: string,
  ) {}

  /** The certificate used last and its identity, for messages; undefined before the first. */
  get credentials(): { readonly cert: string; readonly identity: string | undefined } | undefined {
    const cert = this.lastFiles?.cert;
    return cert === undefined ? undefined : { cert, identity: identityOf(cert) };
  }

  /**
   * A connected client with an identity of at least `leastRole`.
   *
   * @throws CliError or RostrumError when there is no certificate or no server.
   */
  async connect(
    options: GlobalOptions,
    leastRole: Role,
    signal: AbortSignal,
  ): Promise<RostrumClient> {
    const files = findCredentials(options, leastRole, this.env, this.cwd);
    const key = JSON.stringify([options.address, files, options.timeout]);
    const known = this.shared.get(key);
    if (known !== undefined) {
      this.lastFiles = files;
      return known;
    }
    const opening = this.open(options, files, signal);
    this.shared.set(key, opening);
    try {
      return await opening;
    } catch (error) {
      this.shared.delete(key);
      throw error;
    }
  }

  /** As `connect`, with a connection that nobody else uses. */
  async connectApart(
    options: GlobalOptions,
    leastRole: Role,
    signal: AbortSignal,
  ): Promise<RostrumClient> {
    const files = findCredentials(options, leastRole, this.env, this.cwd);
    const client = await this.open(options, files, signal);
    this.apart.add(client);
    return client;
  }

  /** Closes every client. */
  async close(): Promise<void> {
    const clients = await Promise.allSettled(this.shared.values());
    this.shared.clear();
    for (const client of clients) if (client.status === 'fulfilled') this.apart.add(client.value);
    await Promise.allSettled([...this.apart].map((client) => client.close()));
    this.apart.clear();
  }

  private async open(
    { address, timeout }: GlobalOptions,
    tls: CredentialFiles,
    signal: AbortSignal,
  ): Promise<RostrumClient> {
    this.lastFiles = undefined;
    const client = RostrumClient.connect({
      address,
      tls,
      defaultDeadlineMs: timeout,
      // A person at a terminal would rather be told at once than wait out the time limit.
      retry: { maxAttempts: MAX_ATTEMPTS },
    });
    // Only now is it known that these are certificates, and not a device that has no end.
    this.lastFiles = tls;
    try {
      // Streams reconnect for ever: make sure that there is a server, and that it lets us in. What
      // state it is in does not matter here: with a store away much of it still works.
      await client.health.check({}, { deadlineMs: timeout, signal });
    } catch (error) {
      await client.close();
      throw error;
    }
    return client;
  }
}
