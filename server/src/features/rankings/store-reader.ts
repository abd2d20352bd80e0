import type { Entry } from '../../domain/entry.js';
import { RostrumError } from '../../domain/errors.js';
import type { RankedRow, Ranking, RankingRead, RankingView } from '../../domain/ranking.js';
import type { EntryStore } from './ports.js';

/** Reads that sort a ranking and run at the same time; the store has other work to do. */
const MAX_RUNNING = 4;
/** Different reads that may wait. */
const MAX_WAITING = 256;

/** A read that waits for its turn; equal reads join it until it begins. */
interface Waiting {
  readonly promise: Promise<RankingView>;
  readonly start: () => void;
}

/**
 * Answers reads from the store of record: exact, but each is a pass over the ranking. A bounded
 * number runs and waits at a time, so that reads without an index never take the store down.
 */
export class StoreReader {
  readonly #entries: EntryStore;
  readonly #encodePayload: (entry: Entry) => Uint8Array;
  readonly #waiting = new Map<string, Waiting>();
  #running = 0;

  constructor(entries: EntryStore, encodePayload: (entry: Entry) => Uint8Array) {
    this.#entries = entries;
    this.#encodePayload = encodePayload;
  }

  /** @throws STORE_UNAVAILABLE, OVERLOADED */
  read(ranking: Ranking, read: RankingRead): Promise<RankingView> {
    const key = `${ranking.rankingNo} ${keyOf(read)}`;
    const joined = this.#waiting.get(key);
    if (joined !== undefined) return joined.promise;
    if (this.#running < MAX_RUNNING) return this.#run(ranking, read);
    if (this.#waiting.size >= MAX_WAITING) {
      return Promise.reject(
        new RostrumError(
          'OVERLOADED',
          'the index is being repaired and too many reads wait for the store of record; retry later',
          { retryAfterMs: 1000 },
        ),
      );
    }
    const { promise, resolve } = Promise.withResolvers<RankingView>();
    this.#waiting.set(key, { promise, start: () => resolve(this.#run(ranking, read)) });
    return promise;
  }

  async #run(ranking: Ranking, read: RankingRead): Promise<RankingView> {
    this.#running += 1;
    try {
      const { rows, totalPlayers } = await this.#entries.read(ranking, read);
      return {
        rows: rows.map(({ rank, entry }) => this.#toRow(rank, entry)),
        totalPlayers,
        revision: 0,
        epoch: 0,
      };
    } finally {
      this.#running -= 1;
      this.#startNext();
    }
  }

  #startNext(): void {
    for (const [key, waiting] of this.#waiting) {
      this.#waiting.delete(key);
      waiting.start();
      return;
    }
  }

  #toRow(rank: number, entry: Entry): RankedRow {
    const { playerId, score } = entry;
    return { rank, playerId, score, payload: Buffer.from(this.#encodePayload(entry)) };
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
