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
  /** By what is read: equal reads are made once. */
  readonly waiting: Map<string, Waiting>;
  rows: number;
}

/** The reads of one ranking that wait. */
interface Queue {
  readonly ranking: Ranking;
  readonly epoch: number;
  /**
   * Each with its own Map: a Map that reads came to and left all the time would keep old ones from
   * being collected (see docs/decisions/0011-stream-table.md). The last one is not full.
   */
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
    const key = keyOf(read);
    let waiting = queue.batches.at(-1)?.waiting.get(key);
    if (waiting === undefined) {
      waiting = new Waiting(read);
      enqueue(queue, key, waiting);
      this.#schedule(queue);
    }
    return waiting.answer;
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
    const waiting = [...batch.waiting.values()];
    this.#index
      .read(
        queue.ranking,
        queue.epoch,
        waiting.map(({ read }) => read),
      )
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

function enqueue(queue: Queue, key: string, waiting: Waiting): void {
  const rows = rowsOf(waiting.read);
  let batch = queue.batches.at(-1);
  if (batch === undefined || batch.waiting.size >= MAX_READS || batch.rows + rows > MAX_ROWS) {
    batch = { waiting: new Map(), rows: 0 };
    queue.batches.push(batch);
  }
  batch.waiting.set(key, waiting);
  batch.rows += rows;
  queue.rows += rows;
}

function settle(batch: readonly Waiting[], answer: IndexAnswer<readonly RankingView[]>): void {
  for (let at = 0; at < batch.length; at += 1) {
    const waiting = batch[at] as Waiting;
    waiting.resolve(
      answer.status === 'answered' ? (answer.value[at] as RankingView) : answer.status,
    );
  }
}

/** Two reads with the same key have the same answer. */
export function keyOf(read: RankingRead): string {
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
