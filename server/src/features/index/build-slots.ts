/** Small indexes that one process builds at a time: each takes some milliseconds. */
const SMALL_SLOTS = 4;
/** Large ones: each takes a good part of what the stores can do. */
const LARGE_SLOTS = 1;

export type BuildSize = 'small' | 'large';

/** Places for builds. Small ones have their own, so none of them waits behind a large one. */
export class BuildSlots {
  readonly #free: Record<BuildSize, number> = { small: SMALL_SLOTS, large: LARGE_SLOTS };
  readonly #waiting: Record<BuildSize, (() => void)[]> = { small: [], large: [] };

  /** How many are taken. */
  get taken(): number {
    return SMALL_SLOTS + LARGE_SLOTS - this.#free.small - this.#free.large;
  }

  isFree(size: BuildSize): boolean {
    return this.#free[size] > 0;
  }

  /** Runs `work` when a place is free, in the order of asking. */
  async run<T>(size: BuildSize, work: () => Promise<T>): Promise<T> {
    if (this.#free[size] > 0) this.#free[size] -= 1;
    else await new Promise<void>((resolve) => this.#waiting[size].push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting[size].shift();
      if (next === undefined) this.#free[size] += 1;
      else next();
    }
  }
}
