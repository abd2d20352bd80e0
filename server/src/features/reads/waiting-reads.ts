import type { Ranking, RankingRead, RankingView } from '../../domain/ranking.js';

/** A read that waits for a pass, with all callers who want the same. */
export interface WaitingRead {
  readonly read: RankingRead;
  /** How many rows it may ask for. */
  readonly rows: number;
  readonly answer: PromiseWithResolvers<RankingView>;
}

/** The reads of one ranking that wait for its next pass, oldest first. */
export class WaitingReads {
  /** As it was when last read. */
  ranking: Ranking;
  /** Whether a pass runs or is lined up for. */
  busy = false;
  readonly #waiting = new Map<string, WaitingRead>();
  #rows = 0;

  constructor(ranking: Ranking) {
    this.ranking = ranking;
  }

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

  /** Takes the oldest: one at least, and as many as there are up to the limits. */
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
function keyOf(read: RankingRead): string {
  switch (read.kind) {
    case 'range':
      return `range ${read.start} ${read.count}`;
    case 'player':
      return `player ${read.playerId}`;
    case 'players':
      return `players ${read.playerIds.join(' ')}`;
    case 'around':
      return `around ${read.playerId} ${read.count}`;
    case 'aroundScore':
      return `aroundScore ${read.score} ${read.count}`;
  }
}

export function rowsOf(read: RankingRead): number {
  switch (read.kind) {
    case 'player':
      return 1;
    case 'players':
      return read.playerIds.length;
    case 'range':
    case 'around':
    case 'aroundScore':
      return read.count;
  }
}
