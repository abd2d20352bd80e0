import { type Ranking, type RankingRead, type RankingView, rowsOf } from '../../domain/ranking.js';

/** A read that waits for a pass, with all callers who want the same. */
export interface WaitingRead {
  readonly read: RankingRead;
  readonly rows: number;
  readonly answer: PromiseWithResolvers<RankingView>;
}

/** The reads of one ranking that wait for its next pass, oldest first. */
export class WaitingReads {
  readonly #waiting = new Map<string, WaitingRead>();
  #rows = 0;

  /** @param ranking as it was when last read */
  constructor(public ranking: Ranking) {}

  get size(): number {
    return this.#waiting.size;
  }

  get rows(): number {
    return this.#rows;
  }

  /** The equal read that waits already. */
  equalTo(read: RankingRead): WaitingRead | undefined {
    return this.#waiting.get(keyOf(read));
  }

  add(read: RankingRead): WaitingRead {
    const waiting = { read, rows: rowsOf(read), answer: Promise.withResolvers<RankingView>() };
    this.#waiting.set(keyOf(read), waiting);
    this.#rows += waiting.rows;
    return waiting;
  }

  /** Takes the oldest: at least one, and more up to the limits. */
  take(maxReads: number, maxRows: number): WaitingRead[] {
    const taken: WaitingRead[] = [];
    let rows = 0;
    for (const [key, waiting] of this.#waiting) {
      rows += waiting.rows;
      if (taken.length > 0 && (taken.length === maxReads || rows > maxRows)) break;
      this.#waiting.delete(key);
      this.#rows -= waiting.rows;
      taken.push(waiting);
    }
    return taken;
  }
}

/** Two reads with the same key have the same answer. */
const keyOf = (read: RankingRead): string => JSON.stringify(read);
