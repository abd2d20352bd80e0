import type { Log } from '../../domain/log.js';
import { type Database, sqlState } from './database.js';
import { migrate } from './migrate.js';
import { FUNCTION_SET, statement } from './sql-file.js';

const ENSURE_PARTITIONS = statement('ensure_partitions');
const USE_FUNCTION_SET = statement('use_function_set');
const HOUR_MS = 60 * 60 * 1000;
/** invalid_schema_name */
const NO_SCHEMA = '3F000';

/** Makes the partitions of the submissions that are missing. @throws STORE_UNAVAILABLE */
export async function ensurePartitions(database: Database): Promise<void> {
  await database.query(ENSURE_PARTITIONS);
}

/**
 * Keeps what the server needs of the schema: partitions of the submissions, months before they are
 * needed, and its set of database functions, which others would remove after a week without use.
 */
export class SchemaKeeper {
  /** Sets of functions that were unused at the last look. */
  #unused: readonly string[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly database: Database,
    private readonly databaseUrl: string,
    private readonly log: Log,
  ) {}

  /** Looks now and every hour. A failure is harmless: there are months, or a week, to mend it. */
  async start(): Promise<void> {
    await this.look();
    this.#timer = setInterval(() => void this.look(), HOUR_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Never fails. */
  async look(): Promise<void> {
    try {
      await this.#useFunctions();
    } catch (error) {
      this.log.warn({ err: error }, 'the use of the database functions cannot be noted now');
    }
    try {
      await ensurePartitions(this.database);
    } catch (error) {
      this.log.warn({ err: error }, 'partitions of submissions cannot be made now');
    }
  }

  async #useFunctions(): Promise<void> {
    try {
      const values = [FUNCTION_SET, this.#unused];
      const { rows } = await this.database.query<{ name: string }>(USE_FUNCTION_SET, values);
      this.#unused = rows.map(({ name }) => name);
    } catch (error) {
      if (sqlState(error) !== NO_SCHEMA) throw error;
      // For a week this process slept or did not reach the database.
      await migrate(this.databaseUrl);
    }
  }
}
