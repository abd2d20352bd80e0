/** Messages are constants in the code, so there are a few dozen. */
const MAX_MESSAGES = 1_000;

/** How many lines of one kind are written per period, in milliseconds. */
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
 * Limits how often the same message is written: anyone who can connect can cause many lines, and a log
 * that fills the disk takes everybody down. Lines beyond the allowance are counted instead of written,
 * and the next line that is written carries the count.
 */
export class LineLimit {
  readonly #now: () => number;
  readonly #counted = new Map<string, Counted>();

  /** @param now a clock in milliseconds that never goes backwards */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** How many lines were left out before this one; undefined if this one must be left out too. */
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
    // If there are ever too many messages, the rest share one limit.
    const key = this.#counted.has(message) || this.#counted.size < MAX_MESSAGES ? message : '';
    let counted = this.#counted.get(key);
    if (counted === undefined) {
      counted = { periodStartMs: Number.NEGATIVE_INFINITY, lines: 0, suppressed: 0 };
      this.#counted.set(key, counted);
    }
    return counted;
  }
}
