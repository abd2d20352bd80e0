import type { RankingNo } from '../../domain/ids.js';
import { type Ranking, type RankingRead, type RankingView, rowsOf } from '../../domain/ranking.js';
import type { IndexAnswer, RankingIndex } from '../index/ports.js';

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

/** Rankings for which a queue is kept while nothing waits. */
const MAX_IDLE_QUEUES = 256;
/**
 * Reads that are at least so large go in batches apart from small ones, in turn with them. Those
 * around a place are worth joining with equal ones.
 */
const LARGE_ROWS = 64;
/** Waiting reads that others may join; with more, later ones are made for themselves. */
const MAX_JOINABLE = 64;

/** A view, or why there is none. */
export type ReadAnswer = RankingView | 'absent' | 'otherEpoch';

/** A read that waits for its answer, and those that joined it. */
class Waiting {
  readonly read: RankingRead;
  readonly answer: Promise<ReadAnswer>;
  sent = false;
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
  rows: number;
}

/** The reads of one ranking that wait. */
interface Queue {
  /** As it was when last read. */
  ranking: Ranking;
  readonly epoch: number;
  /** Batches of small reads and of large ones; reads go into the last one unless it is full. */
  readonly small: Batch[];
  readonly large: Batch[];
  /** Whether the last batch that left was of large reads. */
  largeWasLast: boolean;
  /**
   * Those of all batches that equal reads join. Compared one by one: there are few, and V8 enters
   * each string that a Map is asked for in its table of strings, which costs more.
   */
  joinable: Waiting[];
  /** Rows that all of them ask for. */
  rows: number;
  calls: number;
  scheduled: boolean;
}

/**
 * Gathers reads of the same ranking into one call to the index. A lone read leaves in the same turn
 * of the event loop; under load, reads that arrive while calls are under way leave together. Pages
 * and large windows, which many ask for at once, are read once for all who wait for the same one. An
 * answer is never older than its read.
 */
export class ReadBatcher {
  readonly #index: RankingIndex;
  readonly #queues = new Map<RankingNo, Queue>();

  constructor(index: RankingIndex) {
    this.#index = index;
  }

  /** @throws IndexUnavailable */
  read(ranking: Ranking, epoch: number, read: RankingRead): Promise<ReadAnswer> {
    const { rankingNo } = ranking;
    let queue = this.#queues.get(rankingNo);
    if (queue === undefined || queue.epoch !== epoch) {
      queue = newQueue(ranking, epoch);
      this.#queues.set(rankingNo, queue);
    }
    queue.ranking = ranking;
    const { answer } = joined(queue, read) ?? enqueue(queue, read);
    this.#schedule(queue);
    return answer;
  }

  #schedule(queue: Queue): void {
    if (queue.scheduled || !mayCall(queue)) return;
    queue.scheduled = true;
    // After the requests that arrived with this one have been taken in.
    setImmediate(() => {
      queue.scheduled = false;
      if (mayCall(queue)) this.#send(queue);
    });
  }

  #send(queue: Queue): void {
    const batch = nextBatch(queue);
    if (batch === undefined) return;
    const { waiting } = batch;
    queue.rows -= batch.rows;
    queue.calls += 1;
    if (queue.joinable.length > 0) {
      for (const each of waiting) each.sent = true;
      queue.joinable = queue.joinable.filter(({ sent }) => !sent);
    }
    const reads = waiting.map(({ read }) => read);
    this.#index.read(queue.ranking, queue.epoch, reads).then(
      (answer) => {
        this.#ended(queue);
        settle(waiting, answer);
      },
      (error: unknown) => {
        this.#ended(queue);
        for (const { reject } of waiting) reject(error);
      },
    );
    if (somethingWaits(queue)) this.#schedule(queue);
  }

  /** The next call leaves before the answers are dealt out, so that both go on at the same time. */
  #ended(queue: Queue): void {
    queue.calls -= 1;
    if (somethingWaits(queue)) {
      if (mayCall(queue)) this.#send(queue);
    } else if (queue.calls === 0) {
      this.#idle(queue);
    }
  }

  #idle(queue: Queue): void {
    const { rankingNo } = queue.ranking;
    if (this.#queues.size > MAX_IDLE_QUEUES && this.#queues.get(rankingNo) === queue) {
      this.#queues.delete(rankingNo);
    }
  }
}

function newQueue(ranking: Ranking, epoch: number): Queue {
  return {
    ranking,
    epoch,
    small: [],
    large: [],
    largeWasLast: false,
    joinable: [],
    rows: 0,
    calls: 0,
    scheduled: false,
  };
}

function somethingWaits({ small, large }: Queue): boolean {
  return small.length > 0 || large.length > 0;
}

/** Small and large ones in turn: who reads one row does not wait behind all the pages of others. */
function nextBatch(queue: Queue): Batch | undefined {
  const { small, large } = queue;
  queue.largeWasLast = large.length > 0 && (small.length === 0 || !queue.largeWasLast);
  return queue.largeWasLast ? large.shift() : small.shift();
}

/** Where not, a call is under way, and at its end this is asked again. */
function mayCall(queue: Queue): boolean {
  return queue.calls < (queue.rows < MANY_ROWS ? MAX_CALLS : MAX_CALLS_FOR_MANY);
}

/** A read that waits and has the same answer. */
function joined(queue: Queue, read: RankingRead): Waiting | undefined {
  if (!isJoinable(read)) return undefined;
  return queue.joinable.find((waiting) => isSame(waiting.read, read));
}

function isJoinable(read: RankingRead): boolean {
  switch (read.kind) {
    case 'player':
    case 'players':
      return false;
    case 'range':
      return true;
    case 'around':
    case 'aroundScore':
      return read.count >= LARGE_ROWS;
  }
}

function isSame(a: RankingRead, b: RankingRead): boolean {
  if (a.kind === 'range') return b.kind === 'range' && a.start === b.start && a.count === b.count;
  if (a.kind === 'around') {
    return b.kind === 'around' && a.count === b.count && a.playerId === b.playerId;
  }
  if (a.kind === 'aroundScore') {
    return b.kind === 'aroundScore' && a.count === b.count && a.score === b.score;
  }
  return false;
}

/** Puts a read into the last batch, or a new one when that is full. */
function enqueue(queue: Queue, read: RankingRead): Waiting {
  const rows = rowsOf(read);
  const batches = rows < LARGE_ROWS ? queue.small : queue.large;
  let batch = batches.at(-1);
  if (batch === undefined || batch.waiting.length >= MAX_READS || batch.rows + rows > MAX_ROWS) {
    batch = { waiting: [], rows: 0 };
    batches.push(batch);
  }
  const waiting = new Waiting(read);
  batch.waiting.push(waiting);
  if (queue.joinable.length < MAX_JOINABLE && isJoinable(read)) queue.joinable.push(waiting);
  batch.rows += rows;
  queue.rows += rows;
  return waiting;
}

function settle(batch: readonly Waiting[], answer: IndexAnswer<readonly RankingView[]>): void {
  for (let at = 0; at < batch.length; at += 1) {
    const waiting = batch[at] as Waiting;
    waiting.resolve(
      answer.status === 'answered' ? (answer.value[at] as RankingView) : answer.status,
    );
  }
}
