const LINES_PER_SECOND = 20;
/** Messages are constants of the code, so there are some dozens. */
const MAX_MESSAGES = 1_000;

interface Counted {
  second: number;
  lines: number;
  suppressed: number;
}

/**
 * Limits how often the same message is written: many lines can be caused at will by whoever may
 * connect, and a log that fills the disk takes everybody down. Beyond 20 a second they are counted
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
  admit(message: string): number | undefined {
    const counted = this.#of(message);
    const second = Math.floor(this.#now() / 1000);
    if (second !== counted.second) {
      counted.second = second;
      counted.lines = 0;
    }
    if (counted.lines >= LINES_PER_SECOND) {
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
      counted = { second: -1, lines: 0, suppressed: 0 };
      this.#counted.set(key, counted);
    }
    return counted;
  }
}
