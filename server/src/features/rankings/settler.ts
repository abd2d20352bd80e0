import type { RankingNo } from '../../domain/ids.js';
import type { Log } from '../../domain/log.js';
import type { Outbox } from './ports.js';

const FLUSH_MS = 200;
/** Beyond this many the oldest are left to the sweeper, which finds them in the outbox. */
const MAX_WAITING = 20_000;

/** What the index confirmed for one ranking. */
export interface Confirmation {
  readonly rankingNo: RankingNo;
  readonly epoch: number;
  readonly revision: number;
}

/** Collects batches that the index has, and removes them from the outbox in bulk. */
export class Settler {
  readonly #outbox: Outbox;
  readonly #log: Log;
  #outboxIds: number[] = [];
  #confirmations = new Map<RankingNo, Confirmation>();
  #timer: NodeJS.Timeout | undefined;
  #flushing: Promise<void> = Promise.resolve();

  constructor(outbox: Outbox, log: Log) {
    this.#outbox = outbox;
    this.#log = log;
  }

  add(outboxId: number, confirmations: Iterable<Confirmation>): void {
    if (this.#outboxIds.length < MAX_WAITING) this.#outboxIds.push(outboxId);
    for (const confirmation of confirmations) {
      const known = this.#confirmations.get(confirmation.rankingNo);
      if (known === undefined || isNewer(confirmation, known)) {
        this.#confirmations.set(confirmation.rankingNo, confirmation);
      }
    }
    this.#timer ??= setTimeout(() => void this.flush(), FLUSH_MS);
  }

  /** Settles what was added so far. What fails stays in the outbox, for the sweeper. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#flushing = this.#flushing.then(() => this.#flush());
    return this.#flushing;
  }

  async #flush(): Promise<void> {
    const outboxIds = this.#outboxIds;
    if (outboxIds.length === 0) return;
    const confirmations = [...this.#confirmations.values()];
    this.#outboxIds = [];
    this.#confirmations = new Map();
    try {
      await this.#outbox.settle(outboxIds, confirmations);
    } catch (error) {
      this.#log.debug({ err: error, batches: outboxIds.length }, 'batches not settled yet');
    }
  }
}

function isNewer(a: Confirmation, b: Confirmation): boolean {
  return a.epoch > b.epoch || (a.epoch === b.epoch && a.revision > b.revision);
}
