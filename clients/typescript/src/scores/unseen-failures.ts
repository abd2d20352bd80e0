import { RostrumError } from '../errors/rostrum-error.js';
import type { ObservedPromise } from './observed-promise.js';

/** So many failures are kept to see whether somebody looks at them yet. */
const MAX_KEPT = 1_024;

interface Failure {
  readonly result: ObservedPromise<unknown>;
  readonly error: unknown;
}

/** The failed submissions of a stream whose results nobody has looked at, in constant memory. */
export class UnseenFailures {
  #kept: Failure[] = [];
  /** Those that are no longer kept, and count as unseen for good. */
  #dropped = 0;
  #first: unknown;

  add(failure: Failure): void {
    this.#kept.push(failure);
    if (this.#kept.length <= MAX_KEPT) return;
    this.#prune();
    // Half at a time, so that pruning stays cheap when nobody ever looks.
    if (this.#kept.length > MAX_KEPT / 2) {
      const dropped = this.#kept.splice(0, this.#kept.length - MAX_KEPT / 2);
      if (this.#dropped === 0) this.#first = dropped[0]?.error;
      this.#dropped += dropped.length;
    }
  }

  /** One error for all of them; undefined when there are none. */
  error(): RostrumError | undefined {
    this.#prune();
    const count = this.#dropped + this.#kept.length;
    if (count === 0) return undefined;
    const cause = this.#dropped > 0 ? this.#first : this.#kept[0]?.error;
    const what = count === 1 ? 'one submission' : `${count} submissions`;
    const why = cause instanceof Error ? cause.message : String(cause);
    const message = `${what} failed and nobody looked at the result; the first: ${why}`;
    const metadata = { count: String(count) };
    return new RostrumError('ABORTED', 'SUBMISSIONS_FAILED', message, { metadata, cause });
  }

  #prune(): void {
    this.#kept = this.#kept.filter(({ result }) => !result.observed);
  }
}
