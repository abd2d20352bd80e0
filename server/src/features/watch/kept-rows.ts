import type { Allotment } from '../../domain/allotment.js';
import type { Caller, Holdings } from '../../domain/caller.js';

/**
 * The rows kept for one view, or for the filter of one watcher of a feed. They count once while it is watched,
 * and once for each identity and each connection that watches it.
 */
export class KeptRows {
  /** Open watches, by connection and by identity. */
  readonly #watches = new Map<Holdings, number>();

  /** @param count rows that the view shows at most, or players that the filter lets through */
  constructor(
    readonly count: number,
    private readonly places: Allotment,
  ) {}

  /** Whether a connection may watch it; one that does already may. */
  mayJoin(caller: Caller): boolean {
    const { count, places } = this;
    if (count === 0 || this.#watches.has(caller)) return true;
    // Rows that are kept already take no more memory, but count in full for a new holder.
    const isWatched = this.#watches.size > 0;
    if (isWatched) places.release(count);
    const ofOthers = caller.of.watchedRows - (this.#watches.has(caller.of) ? count : 0);
    const may =
      places.mayTake(ofOthers, count) &&
      places.connectionMayTake(caller.watchedRows, ofOthers, count);
    if (isWatched) places.take(count);
    return may;
  }

  join(caller: Caller): void {
    if (this.#watches.size === 0) this.places.take(this.count);
    for (const holder of [caller, caller.of]) {
      const watches = this.#watches.get(holder) ?? 0;
      if (watches === 0) holder.watchedRows += this.count;
      this.#watches.set(holder, watches + 1);
    }
  }

  leave(caller: Caller): void {
    for (const holder of [caller, caller.of]) {
      const watches = (this.#watches.get(holder) ?? 0) - 1;
      if (watches > 0) {
        this.#watches.set(holder, watches);
      } else {
        this.#watches.delete(holder);
        holder.watchedRows -= this.count;
      }
    }
    if (this.#watches.size === 0) this.places.release(this.count);
  }
}
