import type { RankingNo } from '../../domain/ids.js';
import type { LifeId, Tenure } from '../../domain/index-rules.js';
import type { TrustedEpochs } from './ports.js';

/** How many rankings are remembered; the one set longest ago is forgotten first. */
const MAX_RANKINGS = 100_000;

/** What is known of an index that lacks, or may lack, a committed batch. */
interface Behind {
  /** The number of the last note that it could not be given a batch; 0: it has no gap. */
  gap: number;
  /** The same of the last note that the store of record may have shown one that it lacks. */
  storeRead: number;
}

/**
 * Remembers in which life of the index this server is, and which epoch of each ranking's index may be
 * written to and answer: one that was compared with the store of record in this life.
 */
export class IndexTrust implements TrustedEpochs {
  #tenure: Tenure | undefined;
  readonly #epochs = new Map<RankingNo, number>();
  /** Rankings whose index lacks, or may lack, a committed batch. */
  readonly #behind = new Map<RankingNo, Behind>();
  #gaps = 0;
  #noteCount = 0;
  /** Called when the index of some ranking has caught up, or has a gap. */
  readonly #waiting: (() => void)[] = [];

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
    return this.#behind.has(rankingNo) ? undefined : this.#epochs.get(rankingNo);
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
   * The store of record has answered a read of a ranking. It may have shown what the index is given only
   * later, by another server: until then the index would answer with less than was seen.
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
   * Waits until the index has what reads of the store of record have shown. False if it has a gap, or that
   * takes longer than so many milliseconds.
   */
  async catchesUp(rankingNo: RankingNo, patienceMs: number): Promise<boolean> {
    const giveUpAt = performance.now() + patienceMs;
    for (;;) {
      const behind = this.#behind.get(rankingNo);
      if (behind === undefined) return true;
      const leftMs = giveUpAt - performance.now();
      if (behind.gap > 0 || leftMs <= 0) return false;
      const news = Promise.withResolvers<void>();
      this.#waiting.push(news.resolve);
      const timer = setTimeout(news.resolve, leftMs);
      await news.promise;
      clearTimeout(timer);
    }
  }

  /** Counts all that was noted of rankings that are behind. Read it before a drain, for `noteDrained`. */
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
    let behind = this.#behind.get(rankingNo);
    if (behind === undefined) {
      behind = { gap: 0, storeRead: 0 };
      this.#behind.set(rankingNo, behind);
    }
    return behind;
  }

  #tellWaiting(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
