import type { Outbox } from './ports.js';

/**
 * After this long, in milliseconds, every batch whose id was taken is committed or never will be: a
 * statement may run for 6 s.
 */
const ENDED_MS = 30_000;
/** How often the whole outbox is swept, in case a statement was held up for longer. */
const FROM_START_MS = 60_000;

/** Batches with ids above `after` up to `through`. */
export interface OutboxRange {
  readonly after: number;
  readonly through: number;
}

/**
 * Says which part of the outbox to sweep. It goes by ids and by this process's clock, because that of the
 * database may step. A range begins at the first batch that may still be there: while a snapshot is open,
 * reading from the start means passing all rows that were removed.
 */
export class OutboxScan {
  /** The last id of each look, oldest first. */
  #looks: { readonly lastId: number; readonly atMs: number }[] = [];
  #after = 0;
  #fromStartAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly outbox: Outbox,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  /** Everything that is committed now. @throws STORE_UNAVAILABLE */
  async all(): Promise<OutboxRange> {
    return { after: 0, through: await this.outbox.lastId() };
  }

  /**
   * What was there at the last look: the server that committed a younger batch is most likely applying it.
   * @throws STORE_UNAVAILABLE
   */
  async old(): Promise<OutboxRange> {
    const nowMs = this.nowMs();
    const through = this.#looks.at(-1)?.lastId ?? 0;
    while (this.#looks[0] !== undefined && this.#looks[0].atMs < nowMs - ENDED_MS) {
      const { lastId } = this.#looks.shift() as { lastId: number };
      this.#after = await this.#firstLeft(lastId);
    }
    this.#looks.push({ lastId: await this.outbox.lastId(), atMs: nowMs });
    const isDue = nowMs - this.#fromStartAtMs >= FROM_START_MS;
    if (isDue) this.#fromStartAtMs = nowMs;
    return { after: isDue ? 0 : Math.min(this.#after, through), through };
  }

  /** Where to begin: after `lastId`, or before the first batch up to it that is still there. */
  async #firstLeft(lastId: number): Promise<number> {
    const [first] = await this.outbox.pending(this.#after, lastId, 1);
    return first === undefined ? lastId : first.outboxId - 1;
  }
}
