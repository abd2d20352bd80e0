import type { Limit } from '../domain/caller.js';
import type { Log } from '../domain/log.js';
import { LineLimit } from './line-limit.js';

/** Whoever meets a limit meets it again and again. */
const ONE_A_MINUTE = { lines: 1, periodMs: 60_000 };

/** As `rostrum stats` names them. */
const NAMES: Readonly<Record<Limit, string>> = {
  submissions: 'submissions',
  creations: 'creations',
  verifications: 'verifications',
  watches: 'watches',
  watchedRows: 'watched_rows',
  unsentBytes: 'unread_bytes',
  receivedBytes: 'received_bytes',
};

/** Tells the log of identities that are refused something at a limit. */
export class LimitLog {
  readonly #lines: LineLimit;

  /** @param now a clock in milliseconds that never goes backwards */
  constructor(
    private readonly log: Pick<Log, 'warn'>,
    now?: () => number,
  ) {
    this.#lines = new LineLimit(now);
  }

  /** Writes a line, once a minute for each identity and limit; `suppressed` counts those left out. */
  readonly note = (identity: string, limit: Limit): void => {
    const suppressed = this.#lines.admit(`${identity} ${limit}`, ONE_A_MINUTE);
    if (suppressed === undefined) return;
    const fields = { identity, limit: NAMES[limit] };
    this.log.warn(suppressed === 0 ? fields : { ...fields, suppressed }, 'refused at a limit');
  };
}
