import { setTimeout as delay } from 'node:timers/promises';
import { leaderboardNotFound, RostrumError } from '../../domain/errors.js';
import type { PlayerId } from '../../domain/ids.js';
import type { Ranking } from '../../domain/ranking.js';
import {
  type IndexAnswer,
  type IndexAvailability,
  type IndexCheck,
  type IndexInspection,
  IndexUnavailable,
  type RankingIndex,
  type RankingStore,
} from '../index/ports.js';

const DEFAULT_PATIENCE_MS = 30_000;
const RETRY_MS = 100;

export interface InquiryParts {
  readonly index: RankingIndex;
  readonly rankings: Pick<RankingStore, 'mark'>;
  readonly builder: IndexCheck;
  /** Whether the index has everything that was committed while it was away. */
  readonly gate: Pick<IndexAvailability, 'isOpen'>;
  /** How long an index may be away or being built before whoever asks gives up; 30 s by default. */
  readonly patienceMs?: number;
}

/**
 * Asks the index that should serve a ranking, whole or not: a comparison must see what is wrong with it
 * before it is repaired. Waits for a while if there is none.
 */
export class IndexInquiry {
  #epoch: number | undefined;
  #outages = 0;

  /** @param onWaiting told when a question begins to wait for the index, and when it is answered */
  constructor(
    private readonly parts: InquiryParts,
    private readonly ranking: Ranking,
    private readonly signal: AbortSignal,
    private readonly onWaiting: (isWaiting: boolean) => void,
  ) {}

  /** Grows whenever the index could not answer. */
  get outages(): number {
    return this.#outages;
  }

  /** One for each player asked for, in the same order. */
  async inspect(playerIds: readonly PlayerId[]): Promise<readonly IndexInspection[]> {
    const { inspections } = await this.#ask((epoch) =>
      this.parts.index.inspect(this.ranking, epoch, playerIds),
    );
    return inspections;
  }

  /** How many players the index has; undefined if it finds itself damaged. */
  async playersIfWhole(): Promise<number | undefined> {
    return this.#ask(async (epoch) => {
      const state = await this.parts.index.state(this.ranking);
      if (state.epoch === epoch) return { status: 'answered', value: state.players };
      // Damaged, or not there: an inspection can tell.
      const answer = await this.parts.index.inspect(this.ranking, epoch, []);
      return answer.status === 'answered' ? { status: 'answered', value: undefined } : answer;
    });
  }

  /**
   * Lists the players who have an entry in the index, or those who only have a place in its order. If
   * another index begins to serve meanwhile, that is listed from its beginning.
   */
  async *players(of: 'entries' | 'orphans'): AsyncGenerator<readonly PlayerId[]> {
    let cursor = '0';
    let epochOfCursor: number | undefined;
    do {
      this.signal.throwIfAborted();
      const page = await this.#ask((epoch) => {
        if (epoch !== epochOfCursor) cursor = '0';
        epochOfCursor = epoch;
        const { index } = this.parts;
        return of === 'entries'
          ? index.scan(this.ranking, epoch, cursor)
          : index.scanOrphans(this.ranking, epoch, cursor);
      });
      cursor = page.cursor;
      if (page.playerIds.length > 0) yield page.playerIds;
    } while (cursor !== '0');
  }

  async #ask<T>(question: (epoch: number) => Promise<IndexAnswer<T>>): Promise<T> {
    const giveUpAt = performance.now() + (this.parts.patienceMs ?? DEFAULT_PATIENCE_MS);
    for (;;) {
      this.signal.throwIfAborted();
      const answer = await this.#tryAsk(question);
      this.onWaiting(answer === undefined);
      if (answer !== undefined) return answer.value;
      this.#epoch = undefined;
      this.#outages += 1;
      if (performance.now() >= giveUpAt) {
        throw new RostrumError(
          'STORE_UNAVAILABLE',
          'Redis cannot be reached, or the index is being built: the comparison was given up; try again later',
          { retryAfterMs: 5_000, metadata: { store: 'redis' } },
        );
      }
      await delay(RETRY_MS, undefined, { signal: this.signal });
    }
  }

  async #tryAsk<T>(
    question: (epoch: number) => Promise<IndexAnswer<T>>,
  ): Promise<{ readonly value: T } | undefined> {
    const { gate, builder } = this.parts;
    if (!gate.isOpen) return undefined;
    try {
      this.#epoch ??= await this.#servingEpoch();
      const answer = await question(this.#epoch);
      if (answer.status === 'answered') return gate.isOpen ? answer : undefined;
      // Begins to build it if that is what it needs.
      await builder.check(this.ranking);
    } catch (error) {
      if (!(error instanceof IndexUnavailable)) throw error;
    }
    return undefined;
  }

  async #servingEpoch(): Promise<number> {
    const mark = await this.parts.rankings.mark(this.ranking.rankingNo);
    if (mark === undefined) throw leaderboardNotFound(this.ranking.leaderboardId);
    return mark.epoch;
  }
}
