import {
  LEASE_POLL_MS,
  type Lease,
  type Life,
  type LifeId,
  leaseHolds,
} from '../../domain/index-rules.js';
import type { LifeStore } from './ports.js';

/**
 * Knows whether a life of the index is still the present one, by asking the store of record all the time;
 * see index-rules.ts.
 */
export class IndexLease {
  readonly #lives: LifeStore;
  readonly #onOver: () => void;
  #life: LifeId | undefined;
  #lease: Lease | undefined;
  #timer: NodeJS.Timeout | undefined;
  #asking: Promise<void> | undefined;

  /** @param onOver called when another life is the present one; the lease is over by then */
  constructor(lives: LifeStore, onOver: () => void) {
    this.#lives = lives;
    this.#onOver = onOver;
  }

  /**
   * Begins a lease.
   *
   * @param askedAtMs when the question was asked to which the answer was that this life is the present one
   * @param storeAway whether the store of record did not answer
   */
  begin(life: Life['id'], askedAtMs: number, storeAway: boolean): void {
    this.#life = life;
    this.#lease = { askedAtMs, storeAway };
    this.#timer ??= setInterval(() => void this.#ask(), LEASE_POLL_MS);
  }

  end(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#life = undefined;
    this.#lease = undefined;
  }

  get holds(): boolean {
    return this.#lease !== undefined && leaseHolds(this.#lease, performance.now());
  }

  /** Resolves when it is known whether the lease goes on; at once if it holds. */
  async settled(): Promise<void> {
    if (this.holds || this.#lease === undefined) return;
    // An answer that is on its way may be to an old question.
    await this.#asking;
    if (!this.holds && this.#lease !== undefined) await this.#ask();
  }

  #ask(): Promise<void> {
    this.#asking ??= this.#askOnce().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #askOnce(): Promise<void> {
    const life = this.#life;
    const askedAtMs = performance.now();
    let present: Life | undefined;
    let storeAway = false;
    try {
      present = await this.#lives.present();
    } catch {
      storeAway = true;
    }
    if (life === undefined || this.#life !== life || this.#lease === undefined) return;
    if (storeAway) this.#lease = { ...this.#lease, storeAway };
    else if (present?.id === life) this.#lease = { askedAtMs, storeAway };
    else {
      this.end();
      this.#onOver();
    }
  }
}
