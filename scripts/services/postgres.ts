import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { type Account, unprivilegedAccount } from './account.ts';
import { type PostgresBinaries, postgresBinaries } from './postgres-binaries.ts';
import { ServiceNotReady, untilReady } from './ready.ts';
import { RestartableService, startOnPort } from './restartable-service.ts';
import { ServiceProcess } from './service-process.ts';

export interface EmbeddedPostgresOptions {
  /** Holds the data and nothing else; made when missing. */
  readonly dataDirectory: string;
  /** Default: a free one. It stays the same over restarts. */
  readonly port?: number;
  readonly logFile?: string;
  /** False gives up safety against a crash of the machine (not of the process) for speed. */
  readonly fsync?: boolean;
  /** More settings of the server, or other values of those it gets here. */
  readonly settings?: Readonly<Record<string, string>>;
  /** More variables for the server (not for initdb). */
  readonly env?: Readonly<Record<string, string>>;
}

/** Role of the server's owner and name of the database that is there from the start. */
const ROLE = 'rostrum';
const DATABASE = 'rostrum';
/** Inside the data directory, so that whoever may read the data may read it, and nobody else. */
const PASSWORD_FILE = 'rostrum-password';
/** For how long a start is tried again while the processes of a killed server let go of the data. */
const RECOVERY_MS = 15_000;

/** A PostgreSQL server of our own on 127.0.0.1, which stops with this process at the latest. */
export class EmbeddedPostgres extends RestartableService {
  readonly #options: EmbeddedPostgresOptions;
  readonly #binaries: PostgresBinaries;
  readonly #account: Account | undefined;
  #password = '';

  /** Makes the data directory if needed, starts the server and waits until it takes queries. */
  static async start(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
    const account = unprivilegedAccount(options.dataDirectory);
    const binaries = await postgresBinaries(account);
    return await startOnPort(options.port, async (port) => {
      const server = new EmbeddedPostgres(options, port, binaries, account);
      await server.#start(0);
      return server;
    });
  }

  private constructor(
    options: EmbeddedPostgresOptions,
    port: number,
    binaries: PostgresBinaries,
    account: Account | undefined,
  ) {
    super(port);
    this.#options = options;
    this.#binaries = binaries;
    this.#account = account;
  }

  /** Where to connect; the role owns the server. */
  url(database = DATABASE): string {
    return `postgres://${ROLE}:${this.#password}@127.0.0.1:${this.port}/${database}`;
  }

  async start(options: { readonly wipe?: boolean } = {}): Promise<void> {
    if (this.process && !this.process.end) return;
    if (options.wipe) await rm(this.#options.dataDirectory, { recursive: true, force: true });
    await this.#start(RECOVERY_MS);
  }

  async #start(retryForMs: number): Promise<void> {
    const { dataDirectory } = this.#options;
    if (!existsSync(join(dataDirectory, 'PG_VERSION'))) await this.#initialise();
    await this.#checkVersion();
    this.#password = await readFile(join(dataDirectory, PASSWORD_FILE), 'utf8');
    const giveUpAt = Date.now() + retryForMs;
    for (;;) {
      try {
        await this.#spawn();
        break;
      } catch (error) {
        if (!(error instanceof ServiceNotReady) || Date.now() > giveUpAt) throw error;
        await delay(50);
      }
    }
    await this.#ensureDatabase();
  }

  async #spawn(): Promise<void> {
    const settings = {
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      max_connections: '200',
      // The default of 128 MB does not hold the entries of a million players.
      shared_buffers: '512MB',
      max_wal_size: '2GB',
      timezone: 'UTC',
      log_timezone: 'UTC',
      ...(this.#options.fsync === false && { fsync: 'off', full_page_writes: 'off' }),
      ...this.#options.settings,
    };
    const { env, ...surroundings } = this.#surroundings();
    const flags = Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]);
    const child = await ServiceProcess.spawn({
      name: 'PostgreSQL',
      command: this.#binaries.postgres,
      args: ['-D', this.#options.dataDirectory, '-p', String(this.port), ...flags],
      ...surroundings,
      env: { ...env, ...this.#options.env },
      logFile: this.#options.logFile,
      stopSignal: 'SIGINT', // "fast": ends the sessions, then stops in order
    });
    this.process = child;
    await untilReady(child, () => this.#query('postgres', 'SELECT 1').then(() => undefined));
  }

  /** Makes the data directory under another name first, so that it is never half made. */
  async #initialise(): Promise<void> {
    const { dataDirectory } = this.#options;
    const unfinished = `${dataDirectory}.new`;
    await rm(unfinished, { recursive: true, force: true });
    await mkdir(dirname(dataDirectory), { recursive: true });
    await mkdir(unfinished, { mode: 0o700 });
    const passwordFile = `${unfinished}.password`;
    try {
      await writeFile(passwordFile, randomBytes(24).toString('hex'), { mode: 0o600 });
      await this.#give(unfinished);
      await this.#give(passwordFile);
      const initdb = await ServiceProcess.spawn({
        name: 'initdb',
        command: this.#binaries.initdb,
        args: [
          ...['-D', unfinished, '-U', ROLE, `--pwfile=${passwordFile}`, '--auth=scram-sha-256'],
          // The builtin provider sorts alike on every machine.
          ...['--encoding=UTF8', '--locale=C'],
          ...['--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
          ...(this.#options.fsync === false ? ['--no-sync'] : []),
        ],
        ...this.#surroundings(),
        logFile: this.#options.logFile,
        stopSignal: 'SIGTERM',
      });
      const { code, signal } = await initdb.ended;
      if (code !== 0) {
        throw new Error(
          `initdb ended with ${signal ?? `code ${code}`}; its last words:\n${initdb.tail(15)}`,
        );
      }
      await rename(passwordFile, join(unfinished, PASSWORD_FILE));
      await rename(unfinished, dataDirectory);
    } catch (error) {
      await rm(unfinished, { recursive: true, force: true });
      await rm(passwordFile, { force: true });
      throw error;
    }
  }

  async #checkVersion(): Promise<void> {
    const { dataDirectory } = this.#options;
    const ofData = (await readFile(join(dataDirectory, 'PG_VERSION'), 'utf8')).trim();
    const ofProgram = this.#binaries.majorVersion;
    if (ofData === ofProgram) return;
    throw new Error(
      `${dataDirectory} was made by PostgreSQL ${ofData}, and this is PostgreSQL ${ofProgram}; move it away to start afresh`,
    );
  }

  async #ensureDatabase(): Promise<void> {
    const found = await this.#query(
      'postgres',
      `SELECT 1 FROM pg_database WHERE datname = '${DATABASE}'`,
    );
    if (found === 0) await this.#query('postgres', `CREATE DATABASE ${DATABASE}`);
  }

  async #query(database: string, text: string): Promise<number> {
    const client = new Client({ connectionString: this.url(database) });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query(text)).rowCount ?? 0;
    } finally {
      await client.end();
    }
  }

  /** No variable of the caller's (PGDATA, PGPORT, LANG) may change what the server does. */
  #surroundings() {
    const env = { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' };
    return { cwd: '/', account: this.#account, env };
  }

  async #give(path: string): Promise<void> {
    if (!this.#account) return;
    await chown(path, this.#account.uid, this.#account.gid);
    await chmod(path, path.endsWith('.password') ? 0o600 : 0o700);
  }
}
