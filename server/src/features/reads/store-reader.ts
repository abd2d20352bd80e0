import { setTimeout as delay } from 'node:timers/promises';
import type { Entry } from '../../domain/entry.js';
import { RostrumError } from '../../domain/errors.js';
import type { RankingNo } from '../../domain/ids.js';
import {
  type RankedRow,
  type Ranking,
  type RankingRead,
  type RankingView,
  rankAt,
} from '../../domain/ranking.js';
import { PassSlots } from './pass-slots.js';
import { type EntryReads, StoreTooSlow, type StoreView } from './ports.js';
import { rowsOf, type WaitingRead, WaitingReads } from './waiting-reads.js';

/** A ranking with more entries is large: a pass over it takes a while. */
const LARGE = 20_000;
/** Passes over small rankings, and over large ones, that run at the same time. */
const SMALL_PASSES = 4;
const LARGE_PASSES = 2;
/** How many reads of the store run at the same time at most. */
export const MAX_PASSES = SMALL_PASSES + LARGE_PASSES;

/** After a pass over a large ranking its slot rests for this share of the time that it took: for submissions. */
const LARGE_REST = 0.5;

/** What one pass answers at most, unless a single read asks for more. */
const MAX_READS = 256;
const MAX_ROWS = 4_000;
/** What may wait for one ranking: two passes. */
const MAX_WAITING_READS = 2 * MAX_READS;
const MAX_WAITING_ROWS = 2 * MAX_ROWS;
/** What may wait for all rankings together. */
const MAX_READS_OF_ALL = 2_048;
const MAX_ROWS_OF_ALL = 32_000;

/** Rankings of which is known how long a pass takes. */
const MAX_KNOWN = 10_000;
/** How long a pass is thought to take before one has been seen, in milliseconds. */
const FIRST_GUESS_MS = 500;
/** Bounds of what a caller is told to wait, in milliseconds. */
const MIN_RETRY_MS = 100;
const MAX_RETRY_MS = 30_000;

/** What is known of the passes over a ranking. */
interface Known {
  readonly players: number;
  /** How long one takes: recent ones count most. */
  readonly passMs: number | undefined;
}

/**
 * Answers reads from the store of record: exact, but each is a pass over the ranking. So all reads of
 * a ranking that wait while a pass is under way are answered together by the next one. One pass runs
 * for each ranking at a time; small rankings have slots of their own, so that they never wait for a
 * pass over a large one. An answer is never older than its read. What may wait is bounded.
 */
export class StoreReader {
  readonly #entries: EntryReads;
  readonly #encodePayload: (entry: Entry) => Uint8Array;
  readonly #largeRest: number;
  readonly #queues = new Map<RankingNo, WaitingReads>();
  readonly #small = new PassSlots(SMALL_PASSES);
  readonly #large = new PassSlots(LARGE_PASSES);
  readonly #known = new Map<RankingNo, Known>();
  #waitingReads = 0;
  #waitingRows = 0;

  /** @param largeRest for which share of its time a slot rests after a pass over a large ranking */
  constructor(
    entries: EntryReads,
    encodePayload: (entry: Entry) => Uint8Array,
    largeRest = LARGE_REST,
  ) {
    this.#entries = entries;
    this.#encodePayload = encodePayload;
    this.#largeRest = largeRest;
  }

  /** @throws STORE_UNAVAILABLE; OVERLOADED with the time in which those who wait are answered */
  read(ranking: Ranking, read: RankingRead): Promise<RankingView> {
    const queue = this.#queueOf(ranking);
    const joined = queue.equalTo(read);
    if (joined !== undefined) return joined.answer.promise;
    if (!this.#hasRoom(queue, rowsOf(read))) {
      return Promise.reject(this.#overloaded(queue));
    }
    const waiting = queue.add(read);
    this.#waitingReads += 1;
    this.#waitingRows += waiting.rows;
    if (!queue.busy) {
      queue.busy = true;
      // After the requests that arrived with this one have been taken in.
      setImmediate(() => this.#lineUp(queue));
    }
    return waiting.answer.promise;
  }

  #queueOf(ranking: Ranking): WaitingReads {
    let queue = this.#queues.get(ranking.rankingNo);
    if (queue === undefined) {
      queue = new WaitingReads(ranking);
      this.#queues.set(ranking.rankingNo, queue);
    }
    queue.ranking = ranking;
    return queue;
  }

  #hasRoom(queue: WaitingReads, rows: number): boolean {
    if (this.#waitingReads >= MAX_READS_OF_ALL) return false;
    if (this.#waitingRows + rows > MAX_ROWS_OF_ALL) return false;
    if (queue.size === 0) return true;
    return queue.size < MAX_WAITING_READS && queue.rows + rows <= MAX_WAITING_ROWS;
  }

  #isLarge(rankingNo: RankingNo): boolean {
    return (this.#known.get(rankingNo)?.players ?? 0) > LARGE;
  }

  #slotsOf(queue: WaitingReads): PassSlots {
    return this.#isLarge(queue.ranking.rankingNo) ? this.#large : this.#small;
  }

  #lineUp(queue: WaitingReads): void {
    const slots = this.#slotsOf(queue);
    slots.lineUp(async () => {
      await this.#learnSize(queue);
      // One that turned out to be large goes where it belongs, and leaves this slot to a small one.
      if (this.#slotsOf(queue) === slots) {
        const start = performance.now();
        await this.#pass(queue);
        const restMs = slots === this.#large ? (performance.now() - start) * this.#largeRest : 0;
        if (restMs > 0) await delay(restMs);
      }
      this.#goOn(queue);
    });
  }

  #goOn(queue: WaitingReads): void {
    if (queue.size > 0) {
      this.#lineUp(queue);
    } else {
      queue.busy = false;
      this.#queues.delete(queue.ranking.rankingNo);
    }
  }

  /** If that fails, it is taken for small, and the pass tells the callers what is wrong. */
  async #learnSize({ ranking: { rankingNo } }: WaitingReads): Promise<void> {
    if (this.#known.has(rankingNo)) return;
    const players = await this.#entries.countUpTo(rankingNo, LARGE + 1).catch(() => undefined);
    if (players !== undefined) this.#know(rankingNo, { players, passMs: undefined });
  }

  async #pass(queue: WaitingReads): Promise<void> {
    const { ranking } = queue;
    const taken = queue.take(MAX_READS, MAX_ROWS);
    this.#waitingReads -= taken.length;
    this.#waitingRows -= taken.reduce((rows, each) => rows + each.rows, 0);
    const start = performance.now();
    try {
      const views = await this.#entries.read(
        ranking,
        taken.map(({ read }) => read),
      );
      this.#noteTime(ranking.rankingNo, performance.now() - start, views[0]?.totalPlayers);
      this.#settle(taken, views);
    } catch (error) {
      const tooSlow = error instanceof StoreTooSlow;
      if (tooSlow) this.#noteTime(ranking.rankingNo, performance.now() - start, undefined);
      const told = tooSlow ? this.#overloaded(queue, error) : error;
      for (const { answer } of taken) answer.reject(told);
    }
  }

  #settle(taken: readonly WaitingRead[], views: readonly StoreView[]): void {
    const payloads = new Map<Entry, Buffer>();
    const toRow = (place: number, entry: Entry): RankedRow => {
      let payload = payloads.get(entry);
      if (payload === undefined) {
        payload = Buffer.from(this.#encodePayload(entry));
        payloads.set(entry, payload);
      }
      return { place, rank: rankAt(place), playerId: entry.playerId, score: entry.score, payload };
    };
    taken.forEach(({ answer }, index) => {
      const { rows, totalPlayers } = views[index] as StoreView;
      answer.resolve({
        rows: rows.map(({ place, entry }) => toRow(place, entry)),
        totalPlayers,
        revision: 0,
        epoch: 0,
      });
    });
  }

  #noteTime(rankingNo: RankingNo, tookMs: number, players: number | undefined): void {
    const known = this.#known.get(rankingNo);
    const before = known?.passMs ?? tookMs;
    this.#know(rankingNo, {
      players: players ?? known?.players ?? LARGE + 1,
      passMs: 0.7 * before + 0.3 * tookMs,
    });
  }

  #know(rankingNo: RankingNo, known: Known): void {
    this.#known.delete(rankingNo);
    this.#known.set(rankingNo, known);
    if (this.#known.size <= MAX_KNOWN) return;
    for (const oldest of this.#known.keys()) {
      this.#known.delete(oldest);
      return;
    }
  }

  #overloaded(queue: WaitingReads, cause?: unknown): RostrumError {
    const passMs = this.#known.get(queue.ranking.rankingNo)?.passMs ?? FIRST_GUESS_MS;
    // The pass that runs, those that answer who waits, and a turn of the others before each.
    const passes = 1 + Math.max(Math.ceil(queue.size / MAX_READS), queue.rows / MAX_ROWS);
    const turns = Math.max(1, this.#slotsOf(queue).load);
    const retryAfterMs = Math.round(
      Math.min(Math.max(passes * turns * passMs, MIN_RETRY_MS), MAX_RETRY_MS),
    );
    return new RostrumError(
      'OVERLOADED',
      `the index is being repaired and too many reads wait for the store of record; retry in ${retryAfterMs} ms`,
      { retryAfterMs, ...(cause !== undefined && { cause }) },
    );
  }
}
