import type { RankingNo } from '../../domain/ids.js';
import { type Ranking, type RankingRead, type RankingView, rowsOf } from '../../domain/ranking.js';
import type { IndexAnswer, RankingIndex } from '../index/ports.js';

/** Calls to the index that may be under way for one ranking; meanwhile reads wait and gather. */
const MAX_CALLS = 1;
/** With this many rows waiting, the index is the bottleneck: then more calls keep it busy. */
const MANY_ROWS = 160;
const MAX_CALLS_FOR_MANY = 4;
/**
 * Bounds of one call, so that no call holds the index for long, and one is answered while the next is
 * made. With larger calls, the server and the index wait for each other.
 */
const MAX_READS = 256;
const MAX_ROWS = 320;

/** Rankings for which a queue is kept while nothing waits. */
const MAX_IDLE_QUEUES = 256;
/**
 * Reads of at least this many rows go in batches of their own, in turn with those of small reads. Windows of
 * this size are worth joining with equal ones.
 */
const LARGE_ROWS = 64;
/** Waiting reads that others may join; beyond these, each read is made for itself. */
const MAX_JOINABLE = 64;

/** A view, or why there is none. */
export type ReadAnswer = RankingView | 'absent' | 'otherEpoch';

/** A read that waits for its answer, and those that joined it. */
class Waiting {
  readonly answer: Promise<ReadAnswer>;
  sent = false;
  resolve!: (answer: ReadAnswer) => void;
  reject!: (error: unknown) => void;

  constructor(readonly read: RankingRead) {
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
class Queue {
  calls = 0;
  scheduled = false;
  /** Batches of small reads and of large ones; reads go into the last one unless it is full. */
  readonly #small: Batch[] = [];
  readonly #large: Batch[] = [];
  /** Whether the last batch that left was of large reads. */
  #largeWasLast = false;
  /**
   * Those of all batches that equal reads join. They are compared one by one: there are few, and V8 would
   * intern each string that a Map is asked for, which costs more.
   */
  #joinable: Waiting[] = [];
  /** Rows that all of them ask for. */
  #rows = 0;

  /** @param ranking as it was when last read */
  constructor(
    public ranking: Ranking,
    readonly epoch: number,
  ) {}

  get isEmpty(): boolean {
    return this.#small.length === 0 && this.#large.length === 0;
  }

  /** If not, a call is under way, and at its end this is asked again. */
  get mayCall(): boolean {
    return this.calls < (this.#rows < MANY_ROWS ? MAX_CALLS : MAX_CALLS_FOR_MANY);
  }

  /** Joins a read that waits and has the same answer; else goes into the last batch that has room. */
  add(read: RankingRead): Waiting {
    const mayJoin = isJoinable(read);
    const same = mayJoin && this.#joinable.find((waiting) => isSame(waiting.read, read));
    if (same) return same;
    const rows = rowsOf(read);
    const batches = rows < LARGE_ROWS ? this.#small : this.#large;
    let batch = batches.at(-1);
    if (batch === undefined || batch.waiting.length >= MAX_READS || batch.rows + rows > MAX_ROWS) {
      batch = { waiting: [], rows: 0 };
      batches.push(batch);
    }
    const waiting = new Waiting(read);
    batch.waiting.push(waiting);
    if (mayJoin && this.#joinable.length < MAX_JOINABLE) this.#joinable.push(waiting);
    batch.rows += rows;
    this.#rows += rows;
    return waiting;
  }

  /** Small and large ones in turn: who reads one row does not wait behind all the pages of others. */
  takeBatch(): readonly Waiting[] | undefined {
    this.#largeWasLast =
      this.#large.length > 0 && (this.#small.length === 0 || !this.#largeWasLast);
    const batch = this.#largeWasLast ? this.#large.shift() : this.#small.shift();
    if (batch === undefined) return undefined;
    this.#rows -= batch.rows;
    if (this.#joinable.length > 0) {
      for (const each of batch.waiting) each.sent = true;
      this.#joinable = this.#joinable.filter(({ sent }) => !sent);
    }
    return batch.waiting;
  }
}

/**
 * Gathers reads of the same ranking into one call to the index. A lone read leaves in the same turn
 * of the event loop; under load, reads that arrive while calls are under way leave together. Pages
 * and large windows, which many ask for at once, are read once for all who wait for the same one. An
 * answer is never older than its read.
 */
export class ReadBatcher {
  readonly #queues = new Map<RankingNo, Queue>();

  constructor(private readonly index: RankingIndex) {}

  /** @throws IndexUnavailable */
  read(ranking: Ranking, epoch: number, read: RankingRead): Promise<ReadAnswer> {
    const { rankingNo } = ranking;
    let queue = this.#queues.get(rankingNo);
    if (queue === undefined || queue.epoch !== epoch) {
      queue = new Queue(ranking, epoch);
      this.#queues.set(rankingNo, queue);
    }
    queue.ranking = ranking;
    const { answer } = queue.add(read);
    this.#schedule(queue);
    return answer;
  }

  #schedule(queue: Queue): void {
    if (queue.scheduled || !queue.mayCall) return;
    queue.scheduled = true;
    // After the requests that arrived with this one have been taken in.
    setImmediate(() => {
      queue.scheduled = false;
      if (queue.mayCall) this.#send(queue);
    });
  }

  #send(queue: Queue): void {
    const waiting = queue.takeBatch();
    if (waiting === undefined) return;
    queue.calls += 1;
    const reads = waiting.map(({ read }) => read);
    this.index.read(queue.ranking, queue.epoch, reads).then(
      (answer) => {
        this.#ended(queue);
        settle(waiting, answer);
      },
      (error: unknown) => {
        this.#ended(queue);
        for (const { reject } of waiting) reject(error);
      },
    );
    if (!queue.isEmpty) this.#schedule(queue);
  }

  /** The next call leaves before the answers are dealt out, so that both go on at the same time. */
  #ended(queue: Queue): void {
    queue.calls -= 1;
    if (!queue.isEmpty) {
      if (queue.mayCall) this.#send(queue);
      return;
    }
    const { rankingNo } = queue.ranking;
    const isIdle = queue.calls === 0 && this.#queues.get(rankingNo) === queue;
    if (isIdle && this.#queues.size > MAX_IDLE_QUEUES) this.#queues.delete(rankingNo);
  }
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

function settle(batch: readonly Waiting[], answer: IndexAnswer<readonly RankingView[]>): void {
  for (let at = 0; at < batch.length; at += 1) {
    const waiting = batch[at] as Waiting;
    waiting.resolve(
      answer.status === 'answered' ? (answer.value[at] as RankingView) : answer.status,
    );
  }
}
