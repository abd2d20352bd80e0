/** Messages are constants of the code, so there are some dozens. */
const MAX_MESSAGES = 1_000;

/** So many lines of one kind are written in a period, in milliseconds. */
export interface Allowance {
  readonly lines: number;
  readonly periodMs: number;
}

interface Counted {
  periodStartMs: number;
  lines: number;
  suppressed: number;
}

/**
 * Limits how often the same message is written: many lines can be caused at will by whoever may
 * connect, and a log that fills the disk takes everybody down. Beyond its allowance they are counted
 * instead of written, and the count goes with the next one that is.
 */
export class LineLimit {
  readonly #now: () => number;
  readonly #counted = new Map<string, Counted>();

  /** @param now milliseconds that never go backwards */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /**
   * Asks for one line.
   *
   * @returns how many were left out before it, or undefined if it is to be left out itself
   */
  admit(message: string, { lines, periodMs }: Allowance): number | undefined {
    const counted = this.#of(message);
    const nowMs = this.#now();
    if (nowMs - counted.periodStartMs >= periodMs) {
      counted.periodStartMs = nowMs;
      counted.lines = 0;
    }
    if (counted.lines >= lines) {
      counted.suppressed += 1;
      return undefined;
    }
    counted.lines += 1;
    const { suppressed } = counted;
    counted.suppressed = 0;
    return suppressed;
  }

  #of(message: string): Counted {
    // Should messages be made up after all, those beyond the first share one limit.
    const key = this.#counted.has(message) || this.#counted.size < MAX_MESSAGES ? message : '';
    let counted = this.#counted.get(key);
    if (counted === undefined) {
      counted = { periodStartMs: Number.NEGATIVE_INFINITY, lines: 0, suppressed: 0 };
      this.#counted.set(key, counted);
    }
    return counted;
  }
}
