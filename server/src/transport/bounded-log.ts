import type { Logger } from '../observability/log.js';

const LINES_PER_SECOND = 20;

/**
 * Warnings that strangers can cause: beyond 20 a second they are counted instead of written, and
 * the count is given with the next line that is.
 */
export class BoundedLog {
  readonly #log: Logger;
  #second = 0;
  #lines = 0;
  #suppressed = 0;

  constructor(log: Logger) {
    this.#log = log;
  }

  warn(fields: Readonly<Record<string, unknown>>, message: string): void {
    const second = Math.floor(performance.now() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#lines = 0;
    }
    if (this.#lines >= LINES_PER_SECOND) {
      this.#suppressed += 1;
      return;
    }
    this.#lines += 1;
    const suppressed = this.#suppressed;
    this.#suppressed = 0;
    this.#log.warn(suppressed === 0 ? fields : { ...fields, suppressed }, message);
  }
}
