import type { Mismatch } from './entry-comparison.js';

/** How many differences are listed. */
const MAX_LISTED = 1_000;
/** How many players are remembered, so that none is reported twice. */
const MAX_REMEMBERED = 100_000;

/** One entry on which the index and the store of record differ. */
export interface Difference extends Mismatch {
  /** Empty for what concerns the index as a whole. */
  readonly playerId: string;
}

/** How far a verification has come; may be read at any time. */
export class Verification {
  /** Entries that were compared. */
  checked = 0;
  /** Entries to compare, as estimated at the start. */
  total = 0;
  /** Whether it waits for the index, because Redis is away or the index is being built. */
  waitingForIndex = false;
  readonly #reported = new Set<string>();
  #untaken: Difference[] = [];
  #differenceCount = 0;

  /** Differences found so far, listed or not. */
  get differenceCount(): number {
    return this.#differenceCount;
  }

  /** Differences found since the last call; at most 1,000 in all. */
  takeDifferences(): readonly Difference[] {
    return this.#untaken.splice(0);
  }

  /** Notes a difference, unless one of that player was noted before. */
  report(difference: Difference): void {
    if (this.#reported.has(difference.playerId)) return;
    if (this.#reported.size < MAX_REMEMBERED) this.#reported.add(difference.playerId);
    this.#differenceCount += 1;
    if (this.#differenceCount <= MAX_LISTED) this.#untaken.push(difference);
  }
}
