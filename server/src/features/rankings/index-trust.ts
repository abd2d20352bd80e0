import type { RankingNo } from '../../domain/ids.js';

/** How many rankings are remembered; the one set longest ago is forgotten first. */
const MAX_RANKINGS = 100_000;

/**
 * Remembers which epoch of each ranking's index may answer: one that was compared with the store of
 * record since the connection to the index last came up.
 */
export class IndexTrust {
  readonly #epochs = new Map<RankingNo, number>();
  /** Rankings whose index lacks something, and at which moment that was found out last. */
  readonly #owed = new Map<RankingNo, number>();
  #moment = 0;

  /** The epoch that answers may come from. */
  readableEpochOf(rankingNo: RankingNo): number | undefined {
    return this.#owed.has(rankingNo) ? undefined : this.#epochs.get(rankingNo);
  }

  /** The epoch that may be written to. */
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

  /** The index of a ranking could not be given a batch: it must not answer until it has it. */
  owe(rankingNo: RankingNo): void {
    this.#moment += 1;
    this.#owed.set(rankingNo, this.#moment);
  }

  owes(rankingNo: RankingNo): boolean {
    return this.#owed.has(rankingNo);
  }

  get owesAny(): boolean {
    return this.#owed.size > 0;
  }

  /** To be noted before bringing in everything that is owed. */
  get moment(): number {
    return this.#moment;
  }

  /** All that was owed at `moment` has been brought in, except to these rankings. */
  paid(moment: number, except: ReadonlySet<RankingNo>): void {
    for (const [rankingNo, since] of this.#owed) {
      if (since <= moment && !except.has(rankingNo)) this.#owed.delete(rankingNo);
    }
  }

  clear(): void {
    this.#epochs.clear();
  }
}
