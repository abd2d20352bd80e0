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

/** Reads rankings from the index where it may be believed, else from the store of record. */
export class Reader implements RankingReader, RankingIndexReader {
  readonly #index: RankingIndex;
  readonly #batcher: ReadBatcher;
  readonly #store: StoreReader;
  readonly #gate: IndexAvailability;
  readonly #trust: TrustedEpochs;
  readonly #builder: IndexCheck;

  constructor(parts: {
    index: RankingIndex;
    batcher: ReadBatcher;
    store: StoreReader;
    gate: IndexAvailability;
    trust: TrustedEpochs;
    builder: IndexCheck;
  }) {
    this.#index = parts.index;
    this.#batcher = parts.batcher;
    this.#store = parts.store;
    this.#gate = parts.gate;
    this.#trust = parts.trust;
    this.#builder = parts.builder;
  }

  /**
   * The common case is a trusted index that answers: it takes one promise more than the index
   * itself, because tens of thousands of calls a second come this way.
   */
  read(ranking: Ranking, read: RankingRead): Promise<RankingView> {
    const epoch = this.#gate.isOpen ? this.#trust.readableEpochOf(ranking.rankingNo) : undefined;
    if (epoch === undefined) return this.#readOtherwise(ranking, read);
    return this.#batcher.read(ranking, epoch, read).then(
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
    const view = await this.#store.read(ranking, read);
    // Before the caller sees it, and asks again.
    this.#trust.noteStoreRead(ranking.rankingNo);
    return view;
  }

  tryRead(ranking: Ranking, read: RankingRead): Promise<RankingView | undefined> {
    return this.#ask(ranking, async (epoch) => {
      const answer = await this.#batcher.read(ranking, epoch, read);
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
      this.#index.readChanges(ranking, epoch, afterRevision, limit),
    );
  }

  /** Asks the trusted index; if it turns out to be another or none, finds out which may answer. */
  async #ask<T>(
    ranking: Ranking,
    question: (epoch: number) => Promise<IndexAnswer<T>>,
  ): Promise<T | undefined> {
    try {
      for (let attempt = 0; attempt < 3; attempt += 1) {
        if (!(await this.#mayAsk(ranking))) return undefined;
        const epoch = this.#trust.epochOf(ranking.rankingNo);
        if (epoch === undefined) {
          if (!(await this.#builder.check(ranking))) return undefined;
          continue;
        }
        if (!(await this.#trust.catchesUp(ranking.rankingNo, CATCH_UP_MS))) return undefined;
        const answer = await question(epoch);
        if (answer.status === 'answered') {
          // Where it is not sure any more that the index may answer, it is asked again when it is.
          if (this.#mayAnswer(ranking)) return answer.value;
          continue;
        }
        this.#trust.distrust(ranking.rankingNo, epoch);
        const damaged = answer.status === 'absent' ? epoch : undefined;
        if (!(await this.#builder.check(ranking, damaged))) return undefined;
      }
    } catch (error) {
      this.#note(error);
    }
    return undefined;
  }

  /** Waits, but not long, where that is about to be known. */
  async #mayAsk(ranking: Ranking): Promise<boolean> {
    if (!this.#gate.isOpen && !(await this.#gate.opensSoon())) return false;
    return this.#mayAnswer(ranking);
  }

  #mayAnswer(ranking: Ranking): boolean {
    return this.#gate.isOpen && !this.#trust.hasGap(ranking.rankingNo);
  }

  /** A failing index closes the gate; a failing store of record shows when it is asked itself. */
  #note(error: unknown): void {
    if (error instanceof IndexUnavailable) this.#gate.noteMissed(error);
  }
}
