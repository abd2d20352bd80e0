import type { Frame } from './frame.js';

export interface FrameHistoryLimits {
  /** Frames kept at most. */
  readonly frames: number;
  /** How long a frame is kept after it was replaced, in milliseconds. */
  readonly ageMs: number;
  /** Rows kept at most, over all frames of one history. */
  readonly rows: number;
}

/** Bounds the rows that all histories of a server keep together. */
export class HistoryBudget {
  readonly #maxRows: number;
  #rows = 0;

  constructor(maxRows: number) {
    this.#maxRows = maxRows;
  }

  get exceeded(): boolean {
    return this.#rows > this.#maxRows;
  }

  add(rows: number): void {
    this.#rows += rows;
  }
}

/** The frames that a view showed before the present one, from which watchers can go on. */
export class FrameHistory {
  readonly #limits: FrameHistoryLimits;
  readonly #budget: HistoryBudget;
  readonly #frames: { readonly frame: Frame; readonly replacedAt: number }[] = [];
  #rows = 0;

  constructor(limits: FrameHistoryLimits, budget: HistoryBudget) {
    this.#limits = limits;
    this.#budget = budget;
  }

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
        this.#frames.length <= this.#limits.frames &&
        this.#rows <= this.#limits.rows &&
        now - oldest.replacedAt <= this.#limits.ageMs &&
        !this.#budget.exceeded;
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
    this.#budget.add(rows);
  }
}
