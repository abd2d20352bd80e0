import type pg from 'pg';
import type { Log } from '../../domain/log.js';
import { type Database, sqlState } from './database.js';
import { SESSION_LOCKS } from './session-lock.js';
import { statement } from './sql-file.js';

const RETIRE = statement('retire_months');
const SET_TIMEOUT = statement('set_timeout');

/** How often to look, in milliseconds. */
const PERIOD_MS = 60 * 60 * 1000;
/** lock_not_available, query_canceled: somebody still uses the month. */
const IN_USE = new Set(['55P03', '57014']);

/** See queries/retire_months.sql. */
interface Step {
  readonly name: string;
  readonly step: 'note' | 'detach' | 'finish' | 'drop';
  readonly statement: string;
}

/**
 * Drops whole months of submissions that need not be kept any longer, on one server at a time and without
 * holding up submissions. Each step may be interrupted; the next look goes on from there.
 *
 * What is dropped is gone, and clocks may be wrong: a month goes when the clocks of PostgreSQL and of
 * this process both found it old enough at two looks in a row.
 */
export class SubmissionRetention {
  #seen: ReadonlySet<string> = new Set();
  #stopping = false;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();

  /**
   * @param days how long submissions are kept, at least; 0: for ever
   * @param patienceMs how long a step waits for those who still use a month, in milliseconds. Whoever wants
   * to use the month next waits behind the step, and nobody else does.
   */
  constructor(
    private readonly database: Database,
    private readonly days: number,
    private readonly log: Log,
    private readonly patienceMs = 1_000,
  ) {}

  /** Looks now and every period, unless submissions are kept for ever. */
  start(): void {
    if (this.days === 0) return;
    const look = (): void => {
      this.#running = this.#running
        .then(() => this.run())
        .catch((error) => this.log.warn({ err: error }, 'old submissions stay for now'));
    };
    look();
    this.#timer = setInterval(look, PERIOD_MS);
  }

  /** Resolves after the step that is under way. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#stopping = true;
    await this.#running;
  }

  /**
   * Drops the months that were old enough at the look before, too.
   * @throws STORE_UNAVAILABLE
   */
  async run(): Promise<void> {
    const before = this.#seen;
    const due = await this.#due();
    this.#seen = new Set(due.map(({ name }) => name));
    const months = [...this.#seen].filter((name) => before.has(name));
    if (months.length === 0) return;
    await this.database.whileLocked(SESSION_LOCKS.retention, async (lost) => {
      for (const name of months) {
        // PostgreSQL takes one month out at a time: the others wait for one that is in use.
        if (lost.aborted || this.#stopping || !(await this.#retire(name))) return;
      }
    });
  }

  async #due(): Promise<Step[]> {
    const values = [this.days, Date.now() * 1000];
    return (await this.database.query<Step & Record<string, unknown>>(RETIRE, values)).rows;
  }

  /** False if somebody still uses the month. */
  async #retire(name: string): Promise<boolean> {
    // Another server may have been faster since.
    const steps = (await this.#due()).filter((step) => step.name === name);
    if (steps.length === 0) return true;
    const isDropped = await this.database.withConnection(async (client) => {
      await client.query(SET_TIMEOUT.text, ['lock_timeout', this.patienceMs]);
      const outcome = await take(client, steps);
      await client.query(SET_TIMEOUT.text, ['lock_timeout', 0]);
      return outcome;
    });
    if (isDropped) this.log.info({ table: name }, 'old submissions dropped');
    else this.log.info({ table: name }, 'old submissions are in use and stay for now');
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
