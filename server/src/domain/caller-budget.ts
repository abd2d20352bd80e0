import { Allotment, type Cap } from './allotment.js';
import type { Caller, Holdings } from './caller.js';
import { RostrumError } from './errors.js';

/**
 * Bounds what the process holds of one kind for its callers: for each connection, for each identity,
 * and in total.
 */
export class CallerBudget {
  readonly #connectionLimit: number;
  readonly #allotment: Allotment;

  /**
   * @param kind where connections and identities count what they hold
   * @param limits `connectionLimit` is for one connection; what it takes first may be larger
   */
  constructor(
    private readonly kind: keyof Holdings,
    total: number,
    limits: { readonly connectionLimit?: number; readonly cap?: Cap | undefined } = {},
  ) {
    this.#connectionLimit = limits.connectionLimit ?? Number.POSITIVE_INFINITY;
    this.#allotment = new Allotment(total, limits.cap);
  }

  /** What all callers hold. */
  get used(): number {
    return this.#allotment.used;
  }

  /** What an identity may hold that holds `held` now. */
  limitOf(held: number): number {
    return this.#allotment.limitOf(held);
  }

  /** Whether a connection holds all that it may. */
  isFull(caller: Caller): boolean {
    return caller[this.kind] >= this.#connectionLimit;
  }

  /** Takes room for `amount` more. False if there is none; then nothing is taken. */
  take(caller: Caller, amount = 1): boolean {
    const { of: identity } = caller;
    const held = caller[this.kind];
    const heldByIdentity = identity[this.kind];
    if (
      (held > 0 && held + amount > this.#connectionLimit) ||
      !this.#allotment.mayTake(heldByIdentity, amount) ||
      !this.#allotment.connectionMayTake(held, heldByIdentity, amount)
    ) {
      return false;
    }
    this.#hold(caller, amount);
    return true;
  }

  /**
   * Holds one while a task runs; the connections of an identity share them as they like. @throws OVERLOADED if
   * there is none
   *
   * @param many what is over the limit then, such as "leaderboards wait to be created"
   */
  async during<T>(caller: Caller, many: string, task: () => Promise<T>): Promise<T> {
    if (!this.#allotment.mayTake(caller.of[this.kind])) {
      caller.of.refuse(this.kind);
      const message = `as many ${many} as the server accepts, in all or of one identity; retry later`;
      throw new RostrumError('OVERLOADED', message, { retryAfterMs: 1_000 });
    }
    this.#hold(caller, 1);
    try {
      return await task();
    } finally {
      this.release(caller);
    }
  }

  release(caller: Caller, amount = 1): void {
    this.#hold(caller, -amount);
  }

  #hold(caller: Caller, amount: number): void {
    caller[this.kind] += amount;
    caller.of[this.kind] += amount;
    this.#allotment.take(amount);
  }
}
