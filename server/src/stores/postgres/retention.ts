import type pg from 'pg';
import type { Log } from '../../domain/log.js';
import { type Database, sqlState } from './database.js';
import { statement } from './sql-file.js';

const RETIRE = statement('retire_months');
const LOCK = statement('lock_retention');
const UNLOCK = statement('unlock_retention');
const BOUND_LOCK_WAITS = statement('bound_lock_waits');

const HOUR_MS = 60 * 60 * 1000;
/** lock_not_available, query_canceled: somebody still uses the month. */
const IN_USE = new Set(['55P03', '57014']);

export interface RetentionOptions {
  /** How often to look, in milliseconds. */
  readonly periodMs: number;
  /**
   * How long a step waits for those who still use a month, in milliseconds. Whoever wants to use the
   * month anew waits behind it, and nobody else does.
   */
  readonly patienceMs: number;
}

const DEFAULT_OPTIONS: RetentionOptions = { periodMs: HOUR_MS, patienceMs: 1_000 };

/** One step on the way of a month out of the log; see queries/retire_months.sql. */
interface Step {
  readonly name: string;
  readonly step: 'note' | 'detach' | 'finish' | 'drop';
  readonly statement: string;
}

/**
 * Drops whole months of submissions that are older than they are to be kept, one server at a time, and
 * without holding up submissions. Each step may be interrupted; the next look goes on from there.
 *
 * What is dropped is gone, and clocks may be wrong: a month goes when the clocks of PostgreSQL and of
 * this process both found it old enough, twice, a period apart.
 */
export class SubmissionRetention {
  readonly #database: Database;
  readonly #days: number;
  readonly #log: Log;
  readonly #options: RetentionOptions;
  #seen: ReadonlySet<string> = new Set();
  #stopping = false;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();

  /** @param days for how long submissions are kept, at least; 0: for ever */
  constructor(
    database: Database,
    days: number,
    log: Log,
    options: RetentionOptions = DEFAULT_OPTIONS,
  ) {
    this.#database = database;
    this.#days = days;
    this.#log = log;
    this.#options = options;
  }

  /** Looks now and every period, unless submissions are kept for ever. */
  start(): void {
    if (this.#days === 0) return;
    const look = (): void => {
      this.#running = this.#running
        .then(() => this.run())
        .catch((error) => this.#log.warn({ err: error }, 'old submissions stay for now'));
    };
    look();
    this.#timer = setInterval(look, this.#options.periodMs);
  }

  /** Ends after the step that is being done. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#stopping = true;
    await this.#running;
  }

  /**
   * Drops the months that were old enough at the look before too.
   * @throws STORE_UNAVAILABLE
   */
  async run(): Promise<void> {
    const before = this.#seen;
    const due = await this.#due();
    this.#seen = new Set(due.map(({ name }) => name));
    const months = new Set(due.map(({ name }) => name).filter((name) => before.has(name)));
    if (months.size === 0) return;
    await this.#database.whileLocked(LOCK, UNLOCK, [], async (lost) => {
      for (const name of months) {
        // PostgreSQL takes one month out at a time: the others wait for one that is in use.
        if (lost.aborted || this.#stopping || !(await this.#retire(name))) return;
      }
    });
  }

  async #due(): Promise<Step[]> {
    const values = [this.#days, Date.now() * 1000];
    return (await this.#database.query<Step & Record<string, unknown>>(RETIRE, values)).rows;
  }

  /** False if somebody still uses the month. */
  async #retire(name: string): Promise<boolean> {
    // Another server may have been faster since.
    const steps = (await this.#due()).filter((step) => step.name === name);
    if (steps.length === 0) return true;
    const isDropped = await this.#database.withConnection(async (client) => {
      await client.query(BOUND_LOCK_WAITS.text, [this.#options.patienceMs]);
      const outcome = await take(client, steps);
      await client.query(BOUND_LOCK_WAITS.text, [0]);
      return outcome;
    });
    if (isDropped) this.#log.info({ table: name }, 'old submissions dropped');
    else this.#log.info({ table: name }, 'old submissions are in use and stay for now');
    return isDropped;
  }
}

/** Takes the steps, outside of a transaction. False if somebody still uses the month. */
async function take(client: pg.ClientBase, steps: readonly Step[]): Promise<boolean> {
  try {
    for (const { statement } of steps) await client.query(statement);
    return true;
  } catch (error) {
    if (IN_USE.has(sqlState(error) ?? '')) return false;
    throw error;
  }
}
