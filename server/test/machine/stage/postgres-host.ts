import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { EmbeddedPostgres } from '../../../../scripts/services/postgres.ts';
import { within } from '../../../src/within.ts';
import { signalPostgres } from '../../support/signal-postgres.ts';

const DISK = '640m';
const FAKETIME = [
  '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1',
  '/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1',
];

const SESSIONS = `
  SELECT pid, application_name AS name, backend_type AS type, state, wait_event_type, wait_event,
         pg_blocking_pids(pid) AS blockers, round(extract(epoch FROM now() - query_start)) AS seconds,
         left(query, 60) AS query
  FROM pg_stat_activity ORDER BY pid`;

/** What a machine may lack for some faults; each with the reason why. */
export interface Lacking {
  readonly disk?: string;
  readonly clock?: string;
}

/** A statement did not end within its time. */
export class StatementStuck extends Error {}

/**
 * A PostgreSQL whose disk can fill up and whose clock can be stepped, where the machine allows it.
 *
 * Its clock must stay behind the machine's. A signal that comes while libfaketime waits for it sees the
 * machine's clock, and PostgreSQL looks at the clock when its timer fires: with its own clock ahead it would find
 * each timeout far from over, and end neither statements nor deadlocks. Behind, all timeouts of a session end
 * with the first: so that for deadlocks is late.
 */
export class PostgresHost {
  readonly postgres: EmbeddedPostgres;
  readonly lacking: Lacking;
  readonly #mount: string | undefined;
  readonly #clockFile: string;
  readonly #clockSeconds: number;

  /** @param clockSeconds by how much its clock is ahead from the start on: well below zero */
  static async start(directory: string, clockSeconds: number): Promise<PostgresHost> {
    const disk = join(directory, 'disk');
    await mkdir(disk, { recursive: true });
    const mounted =
      process.getuid?.() === 0 &&
      spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK},mode=0755`, 'tmpfs', disk]).status ===
        0;
    const library = FAKETIME.find((path) => existsSync(path));
    const clockFile = join(directory, 'clock');
    writeFileSync(clockFile, `+${clockSeconds}\n`, { mode: 0o644 });
    try {
      const postgres = await EmbeddedPostgres.start({
        dataDirectory: join(disk, 'data'),
        logFile: join(directory, 'postgres.log'),
        settings: {
          shared_buffers: '96MB',
          max_wal_size: '128MB',
          min_wal_size: '32MB',
          // Crash recovery must not take longer than a fault.
          checkpoint_timeout: '30s',
          log_min_messages: 'warning',
          deadlock_timeout: '4s',
        },
        ...(library !== undefined && {
          env: {
            LD_PRELOAD: library,
            FAKETIME_TIMESTAMP_FILE: clockFile,
            FAKETIME_CACHE_DURATION: '1',
            // Waiting and timing go on; only what the time is changes.
            FAKETIME_DONT_FAKE_MONOTONIC: '1',
            DONT_FAKE_MONOTONIC: '1',
          },
        }),
      });
      return new PostgresHost(postgres, mounted ? disk : undefined, clockFile, clockSeconds, {
        ...(!mounted && { disk: 'a small disk needs root and the right to mount a tmpfs' }),
        ...(library === undefined && { clock: 'no libfaketime: apt-get install faketime' }),
      });
    } catch (error) {
      if (mounted) spawnSync('umount', ['-l', disk]);
      throw error;
    }
  }

  private constructor(
    postgres: EmbeddedPostgres,
    mount: string | undefined,
    clockFile: string,
    clockSeconds: number,
    lacking: Lacking,
  ) {
    this.postgres = postgres;
    this.#mount = mount;
    this.#clockFile = clockFile;
    this.#clockSeconds = clockSeconds;
    this.lacking = lacking;
  }

  /** Asks PostgreSQL itself, past all links. */
  async sql<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
    const client = await this.#connect();
    try {
      return (await client.query<Row>(text, values)).rows;
    } finally {
      await client.end().catch(() => {});
    }
  }

  /**
   * As `sql`, for a statement that must end soon. If it does not within `withinMs`, it is ended.
   *
   * @throws StatementStuck with what all sessions were at, and whom they waited for
   */
  async sqlWithin(withinMs: number, text: string): Promise<void> {
    const client = await this.#connect();
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const done = client.query(text).then(() => undefined);
    try {
      if ((await within(withinMs, done, 'late')) === undefined) return;
      const sessions = await this.sql(SESSIONS);
      const described = sessions.map((each) => {
        return `${JSON.stringify(each)} ${wherePaused(each.pid as number)}`;
      });
      const pid = rows[0]?.pid;
      await this.sql('SELECT pg_terminate_backend($1)', [pid]);
      throw new StatementStuck(
        `${text} by ${pid} took more than ${withinMs} ms:\n${described.join('\n')}`,
      );
    } finally {
      await client.end().catch(() => {});
    }
  }

  async #connect(): Promise<pg.Client> {
    const client = new pg.Client({
      connectionString: this.postgres.url(),
      connectionTimeoutMillis: 10_000,
    });
    client.on('error', () => {});
    await client.connect();
    return client;
  }

  /** Sends a signal to the server and all its children. */
  signalAll(signal: NodeJS.Signals): void {
    if (this.postgres.pid !== undefined) signalPostgres(this.postgres, signal);
  }

  /** By how many seconds its clock differs from that of the start, from now on (within a second). */
  stepClock(seconds: number): void {
    const offset = this.#clockSeconds + seconds;
    writeFileSync(this.#clockFile, `${offset >= 0 ? '+' : ''}${offset}\n`);
  }

  /** Writes until nothing fits any more. */
  async fillDisk(): Promise<void> {
    if (this.#mount === undefined) throw new Error('there is no small disk');
    const file = await open(join(this.#mount, 'filler'), 'w');
    try {
      for (const size of [1 << 20, 1 << 12]) {
        const block = Buffer.alloc(size, 1);
        for (;;) {
          const { bytesWritten } = await file.write(block).catch(() => ({ bytesWritten: 0 }));
          if (bytesWritten < size) break;
        }
      }
    } finally {
      await file.close();
    }
  }

  /** Makes room again, and starts the server if it gave up meanwhile. */
  async emptyDisk(): Promise<void> {
    if (this.#mount !== undefined) rmSync(join(this.#mount, 'filler'), { force: true });
    await this.postgres.start();
  }

  async stop(): Promise<void> {
    this.signalAll('SIGCONT');
    await this.postgres.kill();
    if (this.#mount !== undefined) spawnSync('umount', ['-l', this.#mount]);
  }
}

/** Where the kernel has a process wait, as far as it tells. */
function wherePaused(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/wchan`, 'utf8');
  } catch {
    return '';
  }
}
