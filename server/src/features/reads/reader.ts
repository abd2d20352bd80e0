import type { ChangePage, Ranking, RankingRead, RankingView } from '../../domain/ranking.js';
import {
  type IndexAnswer,
  type IndexAvailability,
  type IndexCheck,
  IndexUnavailable,
  type RankingIndex,
  type TrustedEpochs,
} from '../index/ports.js';
import type { RankingIndexReader, RankingReader } from './ports.js';
import type { ReadBatcher } from './read-batcher.js';
import type { StoreReader } from './store-reader.js';

/**
 * For how long, in milliseconds, a read waits for the index to have what the store of record has shown: the
 * next drain of the outbox brings it in.
 */
const CATCH_UP_MS = 1_000;

/** Reads rankings from the index while it may be believed, else from the store of record. */
export class Reader implements RankingReader, RankingIndexReader {
  constructor(
    private readonly index: RankingIndex,
    private readonly batcher: ReadBatcher,
    private readonly store: StoreReader,
    private readonly gate: IndexAvailability,
    private readonly trust: TrustedEpochs,
    private readonly builder: IndexCheck,
  ) {}

  /**
   * The common case is a trusted index that answers: it takes one promise more than the index
   * itself, because tens of thousands of calls a second come this way.
   */
  read(ranking: Ranking, read: RankingRead): Promise<RankingView> {
    const epoch = this.gate.isOpen ? this.trust.readableEpochOf(ranking.rankingNo) : undefined;
    if (epoch === undefined) return this.#readOtherwise(ranking, read);
    return this.batcher.read(ranking, epoch, read).then(
      (answer) =>
        typeof answer === 'object' && this.#mayAnswer(ranking)
          ? answer
          : this.#readOtherwise(ranking, read),
      (error: unknown) => {
        this.#note(error);
        return this.#readOtherwise(ranking, read);
      },
    );
  }

  async #readOtherwise(ranking: Ranking, read: RankingRead): Promise<RankingView> {
    const answer = await this.tryRead(ranking, read);
    if (answer !== undefined) return answer;
    const view = await this.store.read(ranking, read);
    // Before the caller sees it, and asks again.
    this.trust.noteStoreRead(ranking.rankingNo);
    return view;
  }

  tryRead(ranking: Ranking, read: RankingRead): Promise<RankingView | undefined> {
    return this.#ask(ranking, async (epoch) => {
      const answer = await this.batcher.read(ranking, epoch, read);
      return typeof answer === 'object'
        ? { status: 'answered', value: answer }
        : { status: answer };
    });
  }

  tryReadChanges(
    ranking: Ranking,
    afterRevision: number,
    limit: number,
  ): Promise<ChangePage | undefined> {
    return this.#ask(ranking, (epoch) =>
      this.index.readChanges(ranking, epoch, afterRevision, limit),
    );
  }

  /** Asks the trusted index; if it turns out to be another or none, finds out which may answer. */
  async #ask<T>(
    ranking: Ranking,
    question: (epoch: number) => Promise<IndexAnswer<T>>,
  ): Promise<T | undefined> {
    try {
      for (let attempt = 0; attempt < 3; attempt += 1) {
        const isOpen = this.gate.isOpen || (await this.gate.opensSoon());
        if (!isOpen || !this.#mayAnswer(ranking)) return undefined;
        const epoch = this.trust.epochOf(ranking.rankingNo);
        if (epoch === undefined) {
          if (!(await this.builder.check(ranking))) return undefined;
          continue;
        }
        if (!(await this.trust.catchesUp(ranking.rankingNo, CATCH_UP_MS))) return undefined;
        const answer = await question(epoch);
        if (answer.status === 'answered') {
          // If the index may not answer any more, it is asked again once it may.
          if (this.#mayAnswer(ranking)) return answer.value;
          continue;
        }
        this.trust.distrust(ranking.rankingNo, epoch);
        const damaged = answer.status === 'absent' ? epoch : undefined;
        if (!(await this.builder.check(ranking, damaged))) return undefined;
      }
    } catch (error) {
      this.#note(error);
    }
    return undefined;
  }

  #mayAnswer(ranking: Ranking): boolean {
    return this.gate.isOpen && !this.trust.hasGap(ranking.rankingNo);
  }

  /** A failing index closes the gate; a failing store of record shows when it is asked itself. */
  #note(error: unknown): void {
    if (error instanceof IndexUnavailable) this.gate.noteMissed(error);
  }
}
