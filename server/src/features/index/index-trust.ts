import { BoundedMap } from '../../domain/bounded-map.js';
import type { RankingNo } from '../../domain/ids.js';
import type { Tenure } from '../../domain/index-rules.js';
import { within } from '../../within.js';
import { IndexUnavailable, type TrustedEpochs } from './ports.js';

/** How many rankings are remembered. */
const MAX_RANKINGS = 100_000;

/** An index that lacks, or may lack, a committed batch. Notes are numbered; 0 stands for none. */
interface Behind {
  /** The last note that the index could not be given a batch. */
  gap: number;
  /** The last note that the store of record may have shown a batch that the index lacks. */
  storeRead: number;
}

/**
 * Remembers in which life of the index this server is, and which epoch of each ranking's index may be
 * written to and answer: one that was compared with the store of record on this connection.
 */
export class IndexTrust implements TrustedEpochs {
  #tenure: Tenure | undefined;
  readonly #epochs = new BoundedMap<RankingNo, number>(MAX_RANKINGS);
  readonly #behind = new Map<RankingNo, Behind>();
  #gaps = 0;
  #noteCount = 0;
  /** Called when the index of any ranking has caught up, or has a gap. */
  readonly #waiting: (() => void)[] = [];

  /** The life that this server joined last, with its Redis; undefined before the first. */
  get tenure(): Tenure | undefined {
    return this.#tenure;
  }

  /** @throws IndexUnavailable before the first life */
  requireTenure(): Tenure {
    if (this.#tenure === undefined) throw new IndexUnavailable('redis: there is no connection yet');
    return this.#tenure;
  }

  /** Enters a life, or comes back to it on another connection: what was found out on the one before ends. */
  enter(tenure: Tenure): void {
    this.#tenure = tenure;
    this.#epochs.clear();
  }

  /** The epoch that answers may come from. */
  readableEpochOf(rankingNo: RankingNo): number | undefined {
    return this.#behind.has(rankingNo) ? undefined : this.#epochs.get(rankingNo);
  }

  /** The epoch that may be written to. */
  epochOf(rankingNo: RankingNo): number | undefined {
    return this.#epochs.get(rankingNo);
  }

  /** @param tenure the one in which the epoch was compared; if it is over, nothing is remembered */
  trust(rankingNo: RankingNo, epoch: number, tenure: Tenure): void {
    if (tenure === this.#tenure) this.#epochs.set(rankingNo, epoch);
  }

  /** Takes back the trust in this epoch; in a newer one it stays. */
  distrust(rankingNo: RankingNo, epoch: number): void {
    if (this.#epochs.get(rankingNo) === epoch) this.#epochs.delete(rankingNo);
  }

  forget(rankingNo: RankingNo): void {
    this.#epochs.delete(rankingNo);
  }

  /** The index of a ranking could not be given a batch, and must not answer until it has it. */
  noteGap(rankingNo: RankingNo): void {
    const behind = this.#behindOf(rankingNo);
    if (behind.gap === 0) this.#gaps += 1;
    this.#noteCount += 1;
    behind.gap = this.#noteCount;
    this.#tellWaiting();
  }

  hasGap(rankingNo: RankingNo): boolean {
    return (this.#behind.get(rankingNo)?.gap ?? 0) > 0;
  }

  get hasGaps(): boolean {
    return this.#gaps > 0;
  }

  /**
   * The store of record has answered a read of a ranking. It may have shown what another server gives the
   * index only later: until then the index would answer with less than was seen.
   */
  noteStoreRead(rankingNo: RankingNo): void {
    this.#noteCount += 1;
    this.#behindOf(rankingNo).storeRead = this.#noteCount;
    if (this.#behind.size <= MAX_RANKINGS) return;
    for (const [oldest, { gap }] of this.#behind) {
      if (gap > 0) continue;
      this.#behind.delete(oldest);
      break;
    }
  }

  /** Whether somebody waits for an index to catch up. */
  get isAwaited(): boolean {
    return this.#waiting.length > 0;
  }

  /**
   * Waits until the index has what reads of the store of record have shown. False if it has a gap, or if
   * that takes longer than `patienceMs`.
   */
  async catchesUp(rankingNo: RankingNo, patienceMs: number): Promise<boolean> {
    const giveUpAt = performance.now() + patienceMs;
    for (;;) {
      const behind = this.#behind.get(rankingNo);
      if (behind === undefined) return true;
      const leftMs = giveUpAt - performance.now();
      if (behind.gap > 0 || leftMs <= 0) return false;
      const news = new Promise<void>((resolve) => this.#waiting.push(resolve));
      await within(leftMs, news, undefined);
    }
  }

  /** How many notes were made of rankings that are behind. Read it before a drain, for `noteDrained`. */
  get noteCount(): number {
    return this.#noteCount;
  }

  /** What was in the outbox at `noteCount` is in the index, except in these rankings. */
  noteDrained(noteCount: number, except: ReadonlySet<RankingNo>): void {
    for (const [rankingNo, behind] of this.#behind) {
      if (except.has(rankingNo)) continue;
      if (behind.gap > 0 && behind.gap <= noteCount) {
        behind.gap = 0;
        this.#gaps -= 1;
      }
      if (behind.storeRead <= noteCount) behind.storeRead = 0;
      if (behind.gap + behind.storeRead === 0) this.#behind.delete(rankingNo);
    }
    for (const rankingNo of except) this.noteGap(rankingNo);
    this.#tellWaiting();
  }

  #behindOf(rankingNo: RankingNo): Behind {
    return this.#behind.getOrInsertComputed(rankingNo, () => ({ gap: 0, storeRead: 0 }));
  }

  #tellWaiting(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
