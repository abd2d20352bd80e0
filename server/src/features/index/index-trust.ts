import type { RankingNo } from '../../domain/ids.js';
import type { LifeId, Tenure } from '../../domain/index-rules.js';
import type { TrustedEpochs } from './ports.js';

/** How many rankings are remembered; the one set longest ago is forgotten first. */
const MAX_RANKINGS = 100_000;

/**
 * Remembers in which life of the index this server is, and which epoch of each ranking's index may be
 * written to and answer: one that was compared with the store of record in this life.
 */
export class IndexTrust implements TrustedEpochs {
  #tenure: Tenure | undefined;
  readonly #epochs = new Map<RankingNo, number>();
  /** Rankings whose index lacks a committed batch, with the number of the last such gap. */
  readonly #gaps = new Map<RankingNo, number>();
  #gapCount = 0;

  /** The life that this server joined last; undefined before the first. */
  get life(): LifeId | undefined {
    return this.#tenure?.life;
  }

  /** The same, with its Redis. */
  get tenure(): Tenure | undefined {
    return this.#tenure;
  }

  /** Enters a life. What was found out in the same one still holds: its Redis checks each command. */
  enter(tenure: Tenure): void {
    if (this.#tenure?.life === tenure.life) return;
    this.#tenure = tenure;
    this.#epochs.clear();
  }

  /** The epoch that answers may come from. */
  readableEpochOf(rankingNo: RankingNo): number | undefined {
    return this.#gaps.has(rankingNo) ? undefined : this.#epochs.get(rankingNo);
  }

  /** The epoch that may be written to. */
  epochOf(rankingNo: RankingNo): number | undefined {
    return this.#epochs.get(rankingNo);
  }

  /** @param life in which the epoch was compared; if it is over, nothing is remembered */
  trust(rankingNo: RankingNo, epoch: number, life: LifeId): void {
    if (life !== this.life) return;
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

  /** The index of a ranking could not be given a batch: it must not answer until it has it. */
  noteGap(rankingNo: RankingNo): void {
    this.#gapCount += 1;
    this.#gaps.set(rankingNo, this.#gapCount);
  }

  hasGap(rankingNo: RankingNo): boolean {
    return this.#gaps.has(rankingNo);
  }

  get hasGaps(): boolean {
    return this.#gaps.size > 0;
  }

  /** How many gaps were noted so far. Read it before filling them, for `closeGaps`. */
  get gapCount(): number {
    return this.#gapCount;
  }

  /** The first `gapCount` gaps have been filled, except in these rankings. */
  closeGaps(gapCount: number, except: ReadonlySet<RankingNo>): void {
    for (const [rankingNo, last] of this.#gaps) {
      if (last <= gapCount && !except.has(rankingNo)) this.#gaps.delete(rankingNo);
    }
  }
}
