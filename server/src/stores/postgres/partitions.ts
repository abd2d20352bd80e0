import type { Log } from '../../domain/log.js';
import type { Database } from './database.js';
import { statement } from './sql-file.js';

const ENSURE = statement('ensure_partitions');
const MONTHS_AHEAD = 3;
const HOUR_MS = 60 * 60 * 1000;

/** Makes the partitions of the submissions that are not there yet. @throws STORE_UNAVAILABLE */
export async function ensurePartitions(database: Database): Promise<void> {
  await database.query(ENSURE, [MONTHS_AHEAD]);
}

/** Keeps partitions of the submissions ready, months before they are needed. */
export class PartitionKeeper {
  readonly #database: Database;
  readonly #log: Log;
  #timer: NodeJS.Timeout | undefined;

  constructor(database: Database, log: Log) {
    this.#database = database;
    this.#log = log;
  }

  /** Looks now and every hour. A failure is no harm: the partitions of some months are there. */
  async start(): Promise<void> {
    await this.#ensure();
    this.#timer = setInterval(() => void this.#ensure(), HOUR_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #ensure(): Promise<void> {
    try {
      await ensurePartitions(this.#database);
    } catch (error) {
      this.#log.warn({ err: error }, 'partitions of submissions cannot be made now');
    }
  }
}
