import type { Frame } from './frame.js';
import type { WatchOptions } from './watch-options.js';

/** Bounds the rows that all histories of a server keep together. */
export class HistoryBudget {
  #rows = 0;

  constructor(private readonly maxRows: number) {}

  get exceeded(): boolean {
    return this.#rows > this.maxRows;
  }

  add(rows: number): void {
    this.#rows += rows;
  }
}

/** The frames that a view showed before the present one, from which watchers can go on. */
export class FrameHistory {
  readonly #frames: { readonly frame: Frame; readonly replacedAt: number }[] = [];
  #rows = 0;

  constructor(
    private readonly limits: Pick<WatchOptions, 'historyFrames' | 'historyMs' | 'historyRows'>,
    private readonly budget: HistoryBudget,
  ) {}

  /** Adds a frame replaced `now` and returns the frames that are therefore forgotten. */
  add(frame: Frame, now: number): Frame[] {
    this.#frames.push({ frame, replacedAt: now });
    this.#count(frame.rows.length);
    return this.forget(now);
  }

  /** Forgets what is over the limits, and returns it. */
  forget(now: number): Frame[] {
    const forgotten: Frame[] = [];
    for (let oldest = this.#frames[0]; oldest !== undefined; oldest = this.#frames[0]) {
      const keep =
        this.#frames.length <= this.limits.historyFrames &&
        this.#rows <= this.limits.historyRows &&
        now - oldest.replacedAt <= this.limits.historyMs &&
        !this.budget.exceeded;
      if (keep) break;
      this.#frames.shift();
      this.#count(-oldest.frame.rows.length);
      forgotten.push(oldest.frame);
    }
    return forgotten;
  }

  clear(): void {
    this.#frames.length = 0;
    this.#count(-this.#rows);
  }

  find(epoch: number, revision: number): Frame | undefined {
    return this.#frames.find(({ frame }) => frame.epoch === epoch && frame.wasSeenAt(revision))
      ?.frame;
  }

  #count(rows: number): void {
    this.#rows += rows;
    this.budget.add(rows);
  }
}
