import { setTimeout as delay } from 'node:timers/promises';
import type { Cap } from '../../domain/allotment.js';
import type { Caller } from '../../domain/caller.js';
import { CallerBudget } from '../../domain/caller-budget.js';
import { CallerTurns } from '../../domain/caller-turns.js';
import { RostrumError } from '../../domain/errors.js';
import type { BatchStats } from '../../observability/batch-stats.js';
import {
  BatchConflict,
  type EntryProjection,
  type Placement,
  type Recorded,
  type RecordedBatch,
  type RecordedEntry,
  type Submission,
  type SubmissionLog,
} from './ports.js';

/** Entries that one batch may touch, one for each ranking of a submission: a statement of a few ms. */
const MAX_BATCH = 512;
/** Batches of one lane that may be recorded and wait for the index. */
const MAX_PROJECTING = 8;
const MAX_ATTEMPTS = 6;

/** The result of a submission that was recorded. */
export interface Submitted {
  readonly recorded: Extract<Recorded, { kind: 'recorded' }>;
  /** The bytes of the entry for answers, see `RankedRow.payload`. */
  readonly payload: Uint8Array;
  /** Undefined while the index cannot tell. */
  readonly placement: Placement | undefined;
}

/** Why a submission was not recorded. */
export type Unrecorded = Exclude<Recorded, { kind: 'recorded' }>['kind'];

interface Waiting {
  readonly caller: Caller;
  readonly submission: Submission;
  readonly resolve: (result: Submitted | Unrecorded) => void;
  readonly reject: (error: unknown) => void;
  /** Whether a submission with the same id was in an earlier batch. */
  isRepetition?: boolean;
}

/**
 * Records submissions in batches: whatever waits, across all calls and streams, leaves together as soon
 * as the previous batch is recorded. A lone submission waits for nothing, and a busy server makes large
 * batches.
 *
 * Each lane records one batch at a time. All submissions of a player go through the same lane, so those
 * of one connection are recorded in the order of arrival, and lanes never wait for each other's locks.
 *
 * If more wait than fit into a batch, identities take turns, and so do the connections of an identity:
 * whoever submits little waits only for the batch in progress, however much others have queued.
 */
export class SubmissionQueue {
  readonly #lanes: Lane[];
  readonly #places: CallerBudget;

  /**
   * @param maxPending submissions that may wait or be in progress; the rest are refused
   * @param cap how many of them one identity may have
   */
  constructor(
    log: SubmissionLog,
    projection: EntryProjection,
    batches: BatchStats,
    { lanes, maxPending, cap }: { lanes: number; maxPending: number; cap?: Cap },
  ) {
    this.#lanes = Array.from({ length: lanes }, () => new Lane(log, projection, batches));
    this.#places = new CallerBudget('submissions', maxPending, { cap });
  }

  /** Submissions that wait or are in progress. */
  get pending(): number {
    return this.#places.used;
  }

  /** How many an identity may have, given that it has `held`. */
  limitOf(held: number): number {
    return this.#places.limitOf(held);
  }

  /** @throws STORE_UNAVAILABLE, OVERLOADED */
  submit(submission: Submission, caller: Caller): Promise<Submitted | Unrecorded> {
    try {
      this.hold(caller);
    } catch (error) {
      return Promise.reject(error);
    }
    const lane = this.#lanes[laneOf(submission.playerId, this.#lanes.length)] as Lane;
    return new Promise((resolve, reject) => {
      lane.add({
        caller,
        submission,
        resolve: (result) => {
          this.release(caller);
          resolve(result);
        },
        reject: (error) => {
          this.release(caller);
          reject(error);
        },
      });
    });
  }

  /**
   * Takes a place for a submission that is on its way to the queue. `release` gives it back.
   *
   * @throws OVERLOADED
   */
  hold(caller: Caller): void {
    if (this.#places.take(caller)) return;
    caller.of.refuse('submissions');
    throw overloaded(caller);
  }

  release(caller: Caller): void {
    this.#places.release(caller);
  }
}

/**
 * What leaves together. A repetition of a submission waits for the next batch: by then the first is
 * recorded, and any number of repetitions may go together.
 */
class Batch {
  readonly taken: Waiting[] = [];
  #size = 0;
  readonly later: Waiting[] = [];
  readonly #keys = new Set<string>();

  /** Also true after many repetitions: searching for others would take long. */
  get isFull(): boolean {
    return this.#size >= MAX_BATCH || this.later.length >= MAX_BATCH;
  }

  /** Takes the submission, or leaves it for later. */
  offer(waiting: Waiting): void {
    const key = keyOf(waiting.submission);
    if (this.#keys.has(key) && waiting.isRepetition !== true) {
      waiting.isRepetition = true;
      this.later.push(waiting);
    } else {
      this.#keys.add(key);
      this.taken.push(waiting);
      this.#size += waiting.submission.rankings.length;
    }
  }
}

class Lane {
  /** In the order of arrival, since the last batch. */
  #arrived: Waiting[] = [];
  /** What did not fit into a batch; empty unless the lane is behind. */
  readonly #behind = new CallerTurns<Waiting>();
  #running = false;
  #projecting = 0;
  #projected: (() => void) | undefined;

  constructor(
    private readonly log: SubmissionLog,
    private readonly projection: EntryProjection,
    private readonly batches: BatchStats,
  ) {}

  add(waiting: Waiting): void {
    this.#arrived.push(waiting);
    if (this.#running) return;
    this.#running = true;
    // After the requests that arrived with this one have been queued.
    setImmediate(() => void this.#run());
  }

  async #run(): Promise<void> {
    while (this.#arrived.length > 0 || this.#behind.size > 0) {
      const batch = this.#takeBatch();
      await this.#recordAndProject(batch);
      if (this.#projecting >= MAX_PROJECTING) {
        await new Promise<void>((resolve) => {
          this.#projected = resolve;
        });
      }
    }
    this.#running = false;
  }

  /** Takes what waits, up to a batch, and leaves the rest. */
  #takeBatch(): readonly Waiting[] {
    const batch = new Batch();
    if (this.#behind.size === 0 && this.#arrived.length <= MAX_BATCH) {
      // All fit, so turns would change nothing and cost time.
      const arrived = this.#arrived;
      this.#arrived = batch.later;
      for (const waiting of arrived) {
        if (batch.isFull) this.#behind.add(waiting);
        else batch.offer(waiting);
      }
      return batch.taken;
    }
    for (const waiting of this.#arrived) this.#behind.add(waiting);
    this.#arrived = [];
    while (!batch.isFull) {
      const waiting = this.#behind.next();
      if (waiting === undefined) break;
      batch.offer(waiting);
    }
    for (const waiting of batch.later.reverse()) this.#behind.putBack(waiting);
    return batch.taken;
  }

  async #recordAndProject(batch: readonly Waiting[]): Promise<void> {
    let recorded: RecordedBatch;
    try {
      recorded = await this.#record(batch.map((waiting) => waiting.submission));
    } catch (error) {
      await this.#giveUpOrSplit(batch, error);
      return;
    }
    this.batches.record(batch.length);
    this.#projecting += 1;
    void this.#project(batch, recorded)
      .catch((error: unknown) => {
        // They are recorded: if sent again, they are answered as repetitions.
        for (const waiting of batch) waiting.reject(error);
      })
      .finally(() => {
        this.#projecting -= 1;
        this.#projected?.();
        this.#projected = undefined;
      });
  }

  async #record(submissions: readonly Submission[]): Promise<RecordedBatch> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.log.record(submissions, attempt > 1);
      } catch (error) {
        if (!(error instanceof BatchConflict) || attempt >= MAX_ATTEMPTS) throw error;
        await delay(Math.random() * attempt);
      }
    }
  }

  /**
   * Nothing of the batch was recorded. If the store can be reached but refuses the batch, one of its
   * submissions is the cause. It is found by halving, so that it harms no other.
   */
  async #giveUpOrSplit(batch: readonly Waiting[], error: unknown): Promise<void> {
    const storeIsAway = error instanceof RostrumError && error.reason === 'STORE_UNAVAILABLE';
    if (storeIsAway || batch.length === 1) {
      for (const waiting of batch) waiting.reject(error);
      return;
    }
    const middle = batch.length >> 1;
    await this.#recordAndProject(batch.slice(0, middle));
    await this.#recordAndProject(batch.slice(middle));
  }

  async #project(batch: readonly Waiting[], recorded: RecordedBatch): Promise<void> {
    const rows: ProjectedRow[] = [];
    recorded.results.forEach((result, position) => {
      const waiting = batch[position] as Waiting;
      if (result.kind !== 'recorded') {
        waiting.resolve(result.kind);
        return;
      }
      rows.push(this.#toRow(result, waiting, result));
      // Nobody is told where an entry stands in the other rankings.
      for (const other of result.others) {
        if (other.changed) rows.push(this.#toRow(other));
      }
    });
    await this.projection.project(recorded.outboxId, rows, (row, placement) => {
      const { waiting, recorded, payload } = rows[row] as ProjectedRow;
      if (recorded !== undefined) waiting?.resolve({ recorded, payload, placement });
    });
  }

  #toRow(of: RecordedEntry, waiting?: Waiting, recorded?: Submitted['recorded']): ProjectedRow {
    const { ranking, entry, previousVersion } = of;
    const payload = this.projection.encode(entry);
    return { waiting, recorded, ranking, entry, payload, effect: effectOf(of), previousVersion };
  }
}

interface ProjectedRow
  extends Omit<RecordedEntry, 'changed' | 'previousScore'>,
    Pick<Submitted, 'payload'> {
  /** Who is answered with the place, and what else with. */
  readonly waiting: Waiting | undefined;
  readonly recorded: Submitted['recorded'] | undefined;
  readonly effect: 'first' | 'changed' | 'none';
}

function effectOf({ changed, previousScore }: RecordedEntry): ProjectedRow['effect'] {
  if (!changed) return 'none';
  return previousScore === null ? 'first' : 'changed';
}

/** Submissions with the same key are repetitions of each other. */
function keyOf({ submissionId, playerId, board }: Submission): string {
  return `${submissionId} ${playerId} ${board.boardNo}`;
}

/** Spreads players over lanes. */
function laneOf(playerId: string, lanes: number): number {
  return lanes === 1 ? 0 : (hashOf(playerId) >>> 0) % lanes;
}

function hashOf(text: string): number {
  let hash = 0;
  for (let at = 0; at < text.length; at += 1) {
    hash = (Math.imul(hash, 31) + text.charCodeAt(at)) | 0;
  }
  return hash;
}

function overloaded({ of: { identity, submissions } }: Caller): RostrumError {
  return new RostrumError(
    'OVERLOADED',
    `as many submissions wait as the server accepts, in all or of one caller (${submissions} of ${identity}); retry later`,
    { retryAfterMs: 200 },
  );
}
