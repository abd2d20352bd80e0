import { setTimeout as delay } from 'node:timers/promises';
import { RostrumError } from '../../domain/errors.js';
import {
  BatchConflict,
  type EntryProjection,
  type Placement,
  type Recorded,
  type RecordedBatch,
  type Submission,
  type SubmissionLog,
} from './ports.js';

/** Submissions in one batch: one statement of some milliseconds. */
const MAX_BATCH = 512;
/** Batches of one lane that are recorded and wait for the index. */
const MAX_PROJECTING = 8;
const MAX_ATTEMPTS = 6;

/** What became of a submission that was recorded. */
export interface Submitted {
  readonly recorded: Extract<Recorded, { kind: 'recorded' }>;
  /** The bytes of the entry for answers, see `RankedRow.payload`. */
  readonly payload: Uint8Array;
  /** Undefined while the index cannot tell. */
  readonly placement: Placement | undefined;
}

/** Why a submission was not recorded. */
export type Unrecorded = Exclude<Recorded, { kind: 'recorded' }>['kind'];

/** What the queue tells the statistics. */
export interface QueueListener {
  batchRecorded(size: number): void;
}

interface Waiting {
  readonly submission: Submission;
  readonly resolve: (result: Submitted | Unrecorded) => void;
  readonly reject: (error: unknown) => void;
  /** Whether a submission with the same id was in an earlier batch. */
  isRepetition?: boolean;
}

/**
 * Records submissions in batches: whatever waits, across all calls and streams, leaves together as
 * soon as the batch before is recorded. A lone submission waits for nothing, and a busy server makes
 * large batches.
 *
 * Each lane records one batch at a time. All submissions of a player go through the same lane, so
 * they are recorded in the order of arrival and lanes never wait for each other's locks.
 */
export class SubmissionQueue {
  readonly #lanes: Lane[];
  readonly #maxPending: number;
  #pending = 0;

  /** @param maxPending submissions that may wait or be in work; beyond it they are refused */
  constructor(
    log: SubmissionLog,
    projection: EntryProjection,
    listener: QueueListener,
    options: { readonly lanes: number; readonly maxPending: number },
  ) {
    this.#lanes = Array.from({ length: options.lanes }, () => new Lane(log, projection, listener));
    this.#maxPending = options.maxPending;
  }

  /** Submissions that wait or are in work. */
  get pending(): number {
    return this.#pending;
  }

  /** @throws STORE_UNAVAILABLE, OVERLOADED */
  submit(submission: Submission): Promise<Submitted | Unrecorded> {
    if (this.#pending >= this.#maxPending) return Promise.reject(overloaded());
    this.#pending += 1;
    const lane = this.#lanes[laneOf(submission.playerId, this.#lanes.length)] as Lane;
    return new Promise((resolve, reject) => {
      lane.add({
        submission,
        resolve: (result) => {
          this.#pending -= 1;
          resolve(result);
        },
        reject: (error) => {
          this.#pending -= 1;
          reject(error);
        },
      });
    });
  }
}

class Lane {
  readonly #log: SubmissionLog;
  readonly #projection: EntryProjection;
  readonly #listener: QueueListener;
  #waiting: Waiting[] = [];
  #running = false;
  #projecting = 0;
  #projected: (() => void) | undefined;

  constructor(log: SubmissionLog, projection: EntryProjection, listener: QueueListener) {
    this.#log = log;
    this.#projection = projection;
    this.#listener = listener;
  }

  add(waiting: Waiting): void {
    this.#waiting.push(waiting);
    if (this.#running) return;
    this.#running = true;
    // After the requests that arrived with this one have been taken in.
    setImmediate(() => void this.#run());
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
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

  /**
   * Takes what waits, up to a batch. A repetition of a submission in it stays for the next batch: by
   * then the first is recorded, and however many repetitions go together, each finds it there.
   */
  #takeBatch(): Waiting[] {
    const batch: Waiting[] = [];
    const later: Waiting[] = [];
    // By a hash: a Map by the ids themselves would enter each in V8's table of strings, which costs
    // more than the rest of this. Where different ids have the same hash, their keys tell them apart.
    const firsts = new Map<number, Waiting>();
    const repeated = new Set<string>();
    let at = 0;
    for (; at < this.#waiting.length && batch.length < MAX_BATCH; at += 1) {
      const waiting = this.#waiting[at] as Waiting;
      const hash = hashOf(waiting.submission.submissionId);
      const first = firsts.get(hash);
      if (first === undefined) {
        firsts.set(hash, waiting);
        batch.push(waiting);
        continue;
      }
      // The same id may be given to several players; only now are their names looked at.
      const key = keyOf(waiting.submission);
      repeated.add(keyOf(first.submission));
      if (repeated.has(key) && waiting.isRepetition !== true) {
        waiting.isRepetition = true;
        later.push(waiting);
      } else {
        repeated.add(key);
        batch.push(waiting);
      }
    }
    const rest = at < this.#waiting.length ? this.#waiting.slice(at) : [];
    this.#waiting = later.length > 0 ? later.concat(rest) : rest;
    return batch;
  }

  async #recordAndProject(batch: readonly Waiting[]): Promise<void> {
    let recorded: RecordedBatch;
    try {
      recorded = await this.#record(batch.map((waiting) => waiting.submission));
    } catch (error) {
      await this.#giveUpOrSplit(batch, error);
      return;
    }
    this.#listener.batchRecorded(batch.length);
    this.#projecting += 1;
    void this.#project(batch, recorded)
      .catch((error: unknown) => {
        // They are recorded: sent again, they are answered as repetitions.
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
        return await this.#log.record(submissions, attempt > 1);
      } catch (error) {
        if (!(error instanceof BatchConflict) || attempt >= MAX_ATTEMPTS) throw error;
        await delay(Math.random() * attempt);
      }
    }
  }

  /**
   * Nothing of the batch was recorded. If the store is there and yet refuses the batch, one of its
   * submissions is the cause: find it by halves, so that it harms no other.
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
      const { entry } = result;
      const { ranking } = waiting.submission;
      const payload = this.#projection.encode(entry);
      rows.push({ waiting, recorded: result, ranking, entry, payload, effect: effectOf(result) });
    });
    await this.#projection.project(recorded.outboxId, rows, (row, placement) => {
      const { waiting, recorded, payload } = rows[row] as ProjectedRow;
      waiting.resolve({ recorded, payload, placement });
    });
  }
}

interface ProjectedRow extends Pick<Submitted, 'recorded' | 'payload'> {
  readonly waiting: Waiting;
  readonly ranking: Submission['ranking'];
  readonly entry: Submitted['recorded']['entry'];
  readonly effect: 'first' | 'changed' | 'none';
}

function effectOf({ changed, previousScore }: Submitted['recorded']): ProjectedRow['effect'] {
  if (!changed) return 'none';
  return previousScore === null ? 'first' : 'changed';
}

/** Submissions with the same key are repetitions of each other. */
function keyOf({ submissionId, playerId, ranking }: Submission): string {
  return `${submissionId} ${playerId} ${ranking.rankingNo}`;
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

function overloaded(): RostrumError {
  return new RostrumError(
    'OVERLOADED',
    'the server has as many submissions waiting as it accepts; retry later',
    { retryAfterMs: 200 },
  );
}
