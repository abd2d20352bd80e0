import type { RankingNo } from '../../domain/ids.js';
import type { Ranking, RankingRead, RankingView } from '../../domain/ranking.js';
import type { IndexAnswer, RankingIndex } from './ports.js';

/** Calls to the index that may be under way for one ranking; meanwhile reads wait and gather. */
const MAX_CALLS = 1;
/** With this many rows waiting, the index is the slower side: then more calls keep it busy. */
const MANY_ROWS = 160;
const MAX_CALLS_FOR_MANY = 4;
/**
 * Bounds of one call, so that no call holds the index for long, and one is answered while the next is
 * made: with large calls the server and the index wait for each other.
 */
const MAX_READS = 256;
const MAX_ROWS = 320;

/** A view, or why there is none. */
export type ReadAnswer = RankingView | 'absent' | 'otherEpoch';

/** One or more equal reads that wait for the same answer. */
class Waiting {
  readonly read: RankingRead;
  readonly answer: Promise<ReadAnswer>;
  resolve!: (answer: ReadAnswer) => void;
  reject!: (error: unknown) => void;

  constructor(read: RankingRead) {
    this.read = read;
    this.answer = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }
}

/** Reads that leave in one call. */
interface Batch {
  readonly waiting: Waiting[];
  /**
   * Those of a range, by its bounds: many ask for the same first page at once, and it is read and
   * encoded once. That two ask for the same player at once is rare, and looking for it cost more
   * than it saved: V8 enters each string that a Map is asked for in its table of strings.
   */
  readonly ranges: Map<number, Waiting>;
  rows: number;
}

/** The reads of one ranking that wait. */
interface Queue {
  readonly ranking: Ranking;
  readonly epoch: number;
  /** Reads join the last one unless it is full. */
  readonly batches: Batch[];
  /** Rows that all of them ask for. */
  rows: number;
  calls: number;
  scheduled: boolean;
}

/**
 * Gathers reads of the same ranking into one call to the index. A lone read leaves in the same turn
 * of the event loop; under load, reads that arrive while calls are under way leave together, and
 * equal ones share one answer. An answer is never older than its read.
 */
export class ReadBatcher {
  readonly #index: RankingIndex;
  readonly #queues = new Map<RankingNo, Queue>();

  constructor(index: RankingIndex) {
    this.#index = index;
  }

  /** @throws IndexUnavailable */
  read(ranking: Ranking, epoch: number, read: RankingRead): Promise<ReadAnswer> {
    let queue = this.#queues.get(ranking.rankingNo);
    if (queue === undefined || queue.epoch !== epoch) {
      queue = { ranking, epoch, batches: [], rows: 0, calls: 0, scheduled: false };
      this.#queues.set(ranking.rankingNo, queue);
    }
    const { answer } = enqueue(queue, read);
    this.#schedule(queue);
    return answer;
  }

  #schedule(queue: Queue): void {
    const maxCalls = queue.rows < MANY_ROWS ? MAX_CALLS : MAX_CALLS_FOR_MANY;
    if (queue.scheduled || queue.calls >= maxCalls) return;
    queue.scheduled = true;
    // After the requests that arrived with this one have been taken in.
    setImmediate(() => {
      queue.scheduled = false;
      this.#send(queue);
    });
  }

  #send(queue: Queue): void {
    const batch = queue.batches.shift();
    if (batch === undefined) return;
    queue.rows -= batch.rows;
    queue.calls += 1;
    const { waiting } = batch;
    const reads = waiting.map(({ read }) => read);
    this.#index
      .read(queue.ranking, queue.epoch, reads)
      .then(
        (answer) => settle(waiting, answer),
        (error: unknown) => {
          for (const { reject } of waiting) reject(error);
        },
      )
      .finally(() => {
        queue.calls -= 1;
        if (queue.batches.length > 0) this.#schedule(queue);
        else if (queue.calls === 0 && this.#queues.get(queue.ranking.rankingNo) === queue) {
          this.#queues.delete(queue.ranking.rankingNo);
        }
      });
    if (queue.batches.length > 0) this.#schedule(queue);
  }
}

/** Puts a read into the last batch, or a new one when that is full. */
function enqueue(queue: Queue, read: RankingRead): Waiting {
  const rows = rowsOf(read);
  let batch = queue.batches.at(-1);
  if (batch !== undefined && read.kind === 'range') {
    const same = batch.ranges.get(boundsOf(read));
    if (same !== undefined) return same;
  }
  if (batch === undefined || batch.waiting.length >= MAX_READS || batch.rows + rows > MAX_ROWS) {
    batch = { waiting: [], ranges: new Map(), rows: 0 };
    queue.batches.push(batch);
  }
  const waiting = new Waiting(read);
  batch.waiting.push(waiting);
  if (read.kind === 'range') batch.ranges.set(boundsOf(read), waiting);
  batch.rows += rows;
  queue.rows += rows;
  return waiting;
}

/** Different for different ranges: counts are below 2^16, ranks below 2^32. */
function boundsOf({ start, count }: { readonly start: number; readonly count: number }): number {
  return start * 2 ** 16 + count;
}

function settle(batch: readonly Waiting[], answer: IndexAnswer<readonly RankingView[]>): void {
  for (let at = 0; at < batch.length; at += 1) {
    const waiting = batch[at] as Waiting;
    waiting.resolve(
      answer.status === 'answered' ? (answer.value[at] as RankingView) : answer.status,
    );
  }
}

function rowsOf(read: RankingRead): number {
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
