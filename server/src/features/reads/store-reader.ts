import { setTimeout as delay } from 'node:timers/promises';
import { BoundedMap } from '../../domain/bounded-map.js';
import type { Entry } from '../../domain/entry.js';
import { RostrumError } from '../../domain/errors.js';
import type { RankingNo } from '../../domain/ids.js';
import {
  type RankedRow,
  type Ranking,
  type RankingRead,
  type RankingView,
  rankAt,
  rowsOf,
} from '../../domain/ranking.js';
import { Slots } from '../../domain/slots.js';
import { type EntryReads, StoreTooSlow, type StoreView } from './ports.js';
import { type WaitingRead, WaitingReads } from './waiting-reads.js';

/** A ranking with more entries is large: a pass over it takes a while. */
const LARGE = 20_000;
/** Passes over small rankings, and over large ones, that run at the same time. */
const SMALL_PASSES = 4;
const LARGE_PASSES = 2;
/** How many reads of the store run at the same time at most. */
export const MAX_PASSES = SMALL_PASSES + LARGE_PASSES;

/** After a pass over a large ranking its slot rests for this share of its time, which submissions use. */
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

/** Rankings whose size and time of a pass are remembered. */
const MAX_KNOWN = 10_000;
/** How long a pass is thought to take before the first one, in milliseconds. */
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
 * pass over a large one. An answer is never older than its read, and what may wait is bounded.
 */
export class StoreReader {
  /** Of the rankings that are being read, or about to be. */
  readonly #queues = new Map<RankingNo, WaitingReads>();
  readonly #small = new Slots(SMALL_PASSES);
  readonly #large = new Slots(LARGE_PASSES);
  readonly #known = new BoundedMap<RankingNo, Known>(MAX_KNOWN);
  #waitingReads = 0;
  #waitingRows = 0;

  /** @param largeRest after a pass over a large ranking, its slot rests for this share of its time */
  constructor(
    private readonly entries: EntryReads,
    private readonly encodePayload: (entry: Entry) => Uint8Array,
    private readonly largeRest = LARGE_REST,
  ) {}

  /** @throws STORE_UNAVAILABLE; OVERLOADED with the time until those who wait are answered */
  read(ranking: Ranking, read: RankingRead): Promise<RankingView> {
    const { rankingNo } = ranking;
    const queue = this.#queues.get(rankingNo) ?? new WaitingReads(ranking);
    queue.ranking = ranking;
    const joined = queue.equalTo(read);
    if (joined !== undefined) return joined.answer.promise;
    if (!this.#hasRoom(queue, rowsOf(read))) return Promise.reject(this.#overloaded(queue));
    const waiting = queue.add(read);
    this.#waitingReads += 1;
    this.#waitingRows += waiting.rows;
    if (!this.#queues.has(rankingNo)) {
      this.#queues.set(rankingNo, queue);
      // After the requests that arrived with this one have been taken in.
      setImmediate(() => void this.#work(queue));
    }
    return waiting.answer.promise;
  }

  #hasRoom(queue: WaitingReads, rows: number): boolean {
    if (this.#waitingReads >= MAX_READS_OF_ALL) return false;
    if (this.#waitingRows + rows > MAX_ROWS_OF_ALL) return false;
    if (queue.size === 0) return true;
    return queue.size < MAX_WAITING_READS && queue.rows + rows <= MAX_WAITING_ROWS;
  }

  #slotsOf({ ranking }: WaitingReads): Slots {
    const isLarge = (this.#known.get(ranking.rankingNo)?.players ?? 0) > LARGE;
    return isLarge ? this.#large : this.#small;
  }

  /** Answers the reads of a queue, pass by pass, until it is empty. */
  async #work(queue: WaitingReads): Promise<void> {
    while (queue.size > 0) {
      const slots = this.#slotsOf(queue);
      await slots.run(async () => {
        await this.#learnSize(queue);
        // A ranking that turned out to be large leaves this slot to a small one.
        if (this.#slotsOf(queue) !== slots) return;
        const start = performance.now();
        await this.#pass(queue);
        const restMs = slots === this.#large ? (performance.now() - start) * this.largeRest : 0;
        if (restMs > 0) await delay(restMs);
      });
    }
    this.#queues.delete(queue.ranking.rankingNo);
  }

  /** If that fails, the ranking is taken for small, and the pass tells the callers what is wrong. */
  async #learnSize({ ranking: { rankingNo } }: WaitingReads): Promise<void> {
    if (this.#known.has(rankingNo)) return;
    const players = await this.entries.countUpTo(rankingNo, LARGE + 1).catch(() => undefined);
    if (players !== undefined) this.#known.set(rankingNo, { players, passMs: undefined });
  }

  async #pass(queue: WaitingReads): Promise<void> {
    const { ranking } = queue;
    const taken = queue.take(MAX_READS, MAX_ROWS);
    this.#waitingReads -= taken.length;
    this.#waitingRows -= taken.reduce((rows, each) => rows + each.rows, 0);
    const start = performance.now();
    try {
      const views = await this.entries.read(
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
    const encode = (entry: Entry): Buffer => Buffer.from(this.encodePayload(entry));
    const toRow = (place: number, entry: Entry): RankedRow => {
      const payload = payloads.getOrInsertComputed(entry, encode);
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
    this.#known.set(rankingNo, {
      players: players ?? known?.players ?? LARGE + 1,
      passMs: 0.7 * before + 0.3 * tookMs,
    });
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
