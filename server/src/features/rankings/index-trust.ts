import type { RankingNo } from '../../domain/ids.js';

/** How many rankings are remembered; the one set longest ago is forgotten first. */
const MAX_RANKINGS = 100_000;

/**
 * Remembers which epoch of each ranking's index may answer: one that was compared with the store of
 * record since the connection to the index last came up.
 */
export class IndexTrust {
  readonly #epochs = new Map<RankingNo, number>();

  epochOf(rankingNo: RankingNo): number | undefined {
    return this.#epochs.get(rankingNo);
  }

  trust(rankingNo: RankingNo, epoch: number): void {
    this.#epochs.delete(rankingNo);
    this.#epochs.set(rankingNo, epoch);
    if (this.#epochs.size > MAX_RANKINGS) {
      for (const oldest of this.#epochs.keys()) {
        this.#epochs.delete(oldest);
        break;
      }
    }
  }

  /** Takes back the trust in this epoch; in a newer one it stays. */
  distrust(rankingNo: RankingNo, epoch: number): void {
    if (this.#epochs.get(rankingNo) === epoch) this.#epochs.delete(rankingNo);
  }

  forget(rankingNo: RankingNo): void {
    this.#epochs.delete(rankingNo);
  }

  clear(): void {
    this.#epochs.clear();
  }
}
