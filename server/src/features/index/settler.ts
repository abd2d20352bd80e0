import type { Log } from '../../domain/log.js';
import type { IndexTrust } from './index-trust.js';
import type { Outbox, RankingConfirmation, Settlement } from './ports.js';

const FLUSH_MS = 200;
/** Batches beyond these are left to the sweeper, which finds them in the outbox. */
const MAX_WAITING = 20_000;

/** Collects batches that the index has, and removes them from the outbox in bulk. */
export class Settler {
  #waiting: Settlement[] = [];
  #timer: NodeJS.Timeout | undefined;
  #flushing: Promise<void> = Promise.resolve();

  constructor(
    private readonly outbox: Outbox,
    private readonly trust: IndexTrust,
    private readonly log: Log,
  ) {}

  add(outboxId: number, confirmations: readonly RankingConfirmation[]): void {
    if (this.#waiting.length < MAX_WAITING) this.#waiting.push({ outboxId, confirmations });
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
    const settlements = this.#waiting;
    if (settlements.length === 0) return;
    this.#waiting = [];
    try {
      for (const rankingNo of await this.outbox.settle(settlements)) {
        // This process wrote to what is the index no longer.
        this.trust.forget(rankingNo);
        this.trust.noteGap(rankingNo);
      }
    } catch (error) {
      this.log.debug({ err: error, batches: settlements.length }, 'batches not settled yet');
    }
  }
}
