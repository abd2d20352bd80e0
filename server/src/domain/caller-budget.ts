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
    caller[this.kind] = held + amount;
    identity[this.kind] = heldByIdentity + amount;
    this.#allotment.take(amount);
    return true;
  }

  /**
   * Holds one while a task runs. @throws OVERLOADED if there is none
   *
   * @param many what is over the limit then, such as "leaderboards wait to be created"
   */
  async during<T>(caller: Caller, many: string, task: () => Promise<T>): Promise<T> {
    if (!this.take(caller)) {
      caller.of.refused += 1;
      const message = `as many ${many} as the server accepts, in all or of one caller; retry later`;
      throw new RostrumError('OVERLOADED', message, { retryAfterMs: 1_000 });
    }
    try {
      return await task();
    } finally {
      this.release(caller);
    }
  }

  release(caller: Caller, amount = 1): void {
    caller[this.kind] -= amount;
    caller.of[this.kind] -= amount;
    this.#allotment.release(amount);
  }
}
