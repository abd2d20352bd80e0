/** How much one identity may hold. */
export interface Cap {
  /** The share of what the others leave free; above 0, up to 1. */
  readonly share: number;
  /** The most, whatever is free; Infinity for no such limit. */
  readonly most: number;
}

/** A single identity may use nearly everything; a newcomer still finds something free. */
export const DEFAULT_CAP: Cap = { share: 0.9, most: Number.POSITIVE_INFINITY };

/**
 * Shares a number of equal places among identities.
 *
 * An identity may hold `share` of what the others leave free. With 0.9 of 1,000 places, one alone
 * may hold 900, two 474 each, nine 109 each: however many take all they may, a newcomer finds a
 * free place, and no place is kept empty for those who do not come. The same rule holds for the
 * connections of an identity.
 */
export class Allotment {
  #used = 0;

  constructor(
    readonly total: number,
    private readonly cap: Cap = DEFAULT_CAP,
  ) {}

  get used(): number {
    return this.#used;
  }

  /** How many an identity that holds `held` may hold now. */
  limitOf(held: number): number {
    const { share, most } = this.cap;
    return Math.min(most, share * (this.total - this.#used + held));
  }

  /** Whether `places` are free and an identity that holds `held` may have them. */
  mayTake(held: number, places = 1): boolean {
    // A limit of a fraction of a place is rounded up: the first of a single place can be taken.
    return this.#used + places <= this.total && held + places < this.limitOf(held) + 1;
  }

  /** The same for a connection that holds `held` itself, when its identity holds `ofIdentity`. */
  connectionMayTake(held: number, ofIdentity: number, places = 1): boolean {
    const limit = this.cap.share * (this.limitOf(ofIdentity) - ofIdentity + held);
    return held + places < limit + 1;
  }

  take(places = 1): void {
    this.#used += places;
  }

  release(places = 1): void {
    this.#used -= places;
  }
}
