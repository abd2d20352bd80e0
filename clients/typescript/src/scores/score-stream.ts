import type { ClientDuplexStream, StatusObject } from '@grpc/grpc-js';
import { positiveOption } from '../errors/positive-option.js';
import { requireKnownOptions } from '../errors/require-known-keys.js';
import { clientClosed, RostrumError } from '../errors/rostrum-error.js';
import { Fifo } from '../fifo.js';
import {
  ScoreServiceService,
  type ScoreSubmission as ScoreSubmissionMessage,
  type StreamScoresResponse,
} from '../gen/rostrum/v1/score.js';
import { mayBeDoneAfter, mayBeDoneAfterStream } from '../transport/attempts.js';
import { Backoff } from '../transport/backoff.js';
import type { Connection } from '../transport/connection.js';
import { reopenWaitMs, retryWaitMs } from '../transport/retry-decision.js';
import { sleep } from '../transport/sleep.js';
import { withoutDuplicate } from './duplicate.js';
import { ObservedPromise } from './observed-promise.js';
import { type PendingScore, selectUnanswered } from './pending-score.js';
import type { ScoreItem, ScoreResult, ScoreSubmission } from './score.js';
import { fromItemMessage, toSubmissionMessage } from './score-conversion.js';
import {
  DEFAULT_GIVE_UP_MS,
  DEFAULT_IN_FLIGHT,
  SCORE_STREAM_OPTIONS,
  type ScoreStreamOptions,
} from './score-stream-options.js';
import { checkOnDuplicate, type OnDuplicate } from './submit-options.js';
import { UnseenFailures } from './unseen-failures.js';
import { mayBeRecorded } from './unsure-submission.js';

type Call = ClientDuplexStream<Buffer, StreamScoresResponse>;

const method = ScoreServiceService.streamScores;

/** Where the submissions of a stream go. */
export interface StreamTarget<Submission> {
  /** Makes the submission of what the caller gives. */
  readonly toSubmission: (submission: Submission) => ScoreSubmission;
  /** Asked before anything is sent; the stream fails with what it rejects with. */
  readonly ready: (() => Promise<unknown>) | undefined;
}

/**
 * Many submissions over one call. Results come in the order of the submissions. When the
 * connection is lost, or the store of record is away, what was not answered is sent again with the
 * same submission ids, so that nothing counts twice.
 *
 * An error that has `metadata.submission_id` leaves open whether the score was recorded, as of `submit`.
 *
 * A failed submission is told to whoever looks at its result, else to `onError` of the options, else
 * to whoever awaits `end`. It is never an unhandled rejection, which would end the process.
 */
export class ScoreStream<Submission = ScoreSubmission> implements AsyncDisposable {
  readonly #connection: Connection;
  readonly #signal: AbortSignal | undefined;
  readonly #maxInFlight: number;
  readonly #maxPending: number;
  readonly #giveUpAfterMs: number;
  readonly #onDuplicate: OnDuplicate;
  readonly #onError: ScoreStreamOptions<Submission>['onError'];
  readonly #toSubmission: StreamTarget<Submission>['toSubmission'];
  readonly #unseen = new UnseenFailures();
  readonly #backoff: Backoff;
  readonly #done = Promise.withResolvers<void>();
  /** Everything without a final answer given to the caller, in the order of `submit`. */
  readonly #entries = new Fifo<PendingScore<Submission>>();
  readonly #unsent = new Fifo<PendingScore<Submission>>();
  readonly #inFlight = new Fifo<PendingScore<Submission>>();
  #call: Call | undefined;
  #writable = false;
  #sending = true;
  #retryAfterMs = 0;
  /** Counts resumptions of sending, so that a newer one replaces one that still waits. */
  #resumption = 0;
  #failingSince: number | undefined;
  #state: 'open' | 'ending' | 'ended' | 'failed' = 'open';
  #failure: unknown;
  #failed = 0;
  /** Some of the submissions that failed with the stream as a whole. */
  readonly #failedWithStream: ObservedPromise<ScoreResult>[] = [];
  #room: PromiseWithResolvers<void> | undefined;

  /** Made by `client.scores.stream` and `stream` of a leaderboard. */
  constructor(
    connection: Connection,
    options: ScoreStreamOptions<Submission>,
    { toSubmission, ready }: StreamTarget<Submission>,
  ) {
    requireKnownOptions(SCORE_STREAM_OPTIONS, options);
    this.#connection = connection;
    this.#signal = options.signal;
    this.#maxInFlight = positiveOption('maxInFlight', options.maxInFlight) ?? DEFAULT_IN_FLIGHT;
    this.#maxPending = positiveOption('maxPending', options.maxPending) ?? 65_536;
    this.#giveUpAfterMs = options.giveUpAfterMs ?? DEFAULT_GIVE_UP_MS;
    this.#onDuplicate = checkOnDuplicate(options.onDuplicate);
    this.#onError = options.onError;
    this.#toSubmission = toSubmission;
    this.#backoff = new Backoff(connection.settings.retry);
    // Whoever awaits `end` sees the failure; so does each submission.
    this.#done.promise.catch(() => {});
    this.#signal?.addEventListener('abort', this.#onAbort);
    connection.closing.addEventListener('abort', this.#onAbort);
    if (this.#signal?.aborted || connection.closing.aborted) this.#onAbort();
    if (ready) void this.#sendWhen(ready);
  }

  async #sendWhen(ready: () => Promise<unknown>): Promise<void> {
    this.#sending = false;
    try {
      await ready();
      this.#sending = true;
      this.#pump();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** How many submissions have no result yet. */
  get pending(): number {
    return this.#entries.length;
  }

  /** How many submissions have failed so far. */
  get failed(): number {
    return this.#failed;
  }

  /** Resolves when the stream has ended, and rejects with what made it fail; `end` ends it. */
  get closed(): Promise<void> {
    return this.#done.promise;
  }

  /**
   * Submits one score. Submit several without waiting for their results, and await `ready` now and
   * then, to keep the stream full without piling up submissions.
   * @throws as `scores.submit`, and STREAM_ENDED, STREAM_FULL
   */
  submit(submission: Submission): Promise<ScoreResult> {
    let resolve!: PendingScore['resolve'];
    let reject!: PendingScore['reject'];
    const promise = new ObservedPromise<ScoreResult>((onResult, onError) => {
      resolve = onResult;
      reject = onError;
    });
    let message: ScoreSubmissionMessage;
    let payload: Buffer;
    try {
      this.#throwUnlessOpen();
      message = toSubmissionMessage(this.#toSubmission(submission));
      payload = this.#connection.encode(method, { submission: message });
    } catch (error) {
      this.#refuse({ submission, promise, reject }, error);
      return promise;
    }
    const entry: PendingScore<Submission> = {
      submission,
      leaderboardId: message.leaderboardId,
      playerId: message.playerId,
      submissionId: message.submissionId,
      payload,
      promise,
      resolve,
      reject,
      item: undefined,
      refusal: undefined,
      refusedSince: undefined,
      isUnsure: false,
    };
    this.#entries.push(entry);
    this.#unsent.push(entry);
    this.#pump();
    return promise;
  }

  #throwUnlessOpen(): void {
    if (this.#state === 'failed') throw this.#failure;
    if (this.#state !== 'open') {
      throw new RostrumError('FAILED_PRECONDITION', 'STREAM_ENDED', 'the score stream has ended');
    }
    if (this.#entries.length >= this.#maxPending) {
      const message = `${this.#maxPending} submissions are waiting already; await ready() before more`;
      throw new RostrumError('RESOURCE_EXHAUSTED', 'STREAM_FULL', message);
    }
  }

  /**
   * Resolves when a submission would be sent without waiting for others.
   * Rejects with what made the stream fail.
   */
  ready(): Promise<void> {
    // The failure of the stream, which is never an unhandled rejection.
    if (this.#state === 'failed') return this.#done.promise;
    if (this.#state !== 'open' || this.#entries.length < this.#maxInFlight) {
      return Promise.resolve();
    }
    if (!this.#room) {
      this.#room = Promise.withResolvers<void>();
      this.#room.promise.catch(() => {});
    }
    return this.#room.promise;
  }

  /**
   * Takes no more submissions, and resolves when all have their results and the stream is closed.
   * Rejects with what made the stream fail, or with SUBMISSIONS_FAILED when single submissions
   * failed whose results nobody has looked at by then, and there is no `onError`.
   */
  end(): Promise<void> {
    if (this.#state === 'open') {
      this.#state = 'ending';
      this.#endIfComplete();
    }
    return this.#done.promise;
  }

  /** As `end`, but for a failure that a submission has told already: a second error would hide it. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.end();
    } catch (error) {
      const told = this.#failedWithStream.some(({ observed }) => observed);
      if (this.#state !== 'failed' || !told) throw error;
    }
  }

  #pump(): void {
    if (!this.#sending || this.#unsent.length === 0) return;
    const call = this.#call ?? this.#open();
    if (!call) return;
    while (this.#writable && this.#unsent.length > 0 && this.#inFlight.length < this.#maxInFlight) {
      const entry = this.#unsent.shift() as PendingScore<Submission>;
      this.#inFlight.push(entry);
      this.#writable = call.write(entry.payload);
    }
  }

  #open(): Call | undefined {
    let call: Call;
    try {
      call = this.#connection.openDuplexStream(method);
    } catch (error) {
      this.#fail(error);
      return undefined;
    }
    let status: StatusObject | undefined;
    call.on('error', () => {});
    call.on('status', (received) => {
      status = received;
    });
    call.on('data', (response: StreamScoresResponse) => {
      if (call === this.#call) this.#onAnswer(fromItemMessage(response.item));
    });
    call.on('drain', () => {
      if (call !== this.#call) return;
      this.#writable = true;
      this.#pump();
    });
    // `end` comes after the last answer was handled, `status` may come before that.
    call.on('end', () => {
      if (call === this.#call) this.#onCallEnd(call, status);
    });
    this.#call = call;
    this.#writable = true;
    return call;
  }

  #onAnswer(answer: ScoreItem): void {
    const entry = this.#inFlight.shift();
    if (!entry) {
      this.#fail(new RostrumError('INTERNAL', undefined, 'the server sent an answer too many'));
      return;
    }
    this.#connection.noteAnswer();
    this.#failingSince = undefined;
    const item = withoutDuplicate(answer, entry, this.#onDuplicate);
    entry.isUnsure = !item.ok && mayBeDoneAfter(item.error, entry.isUnsure);
    const waitMs = item.ok ? undefined : retryWaitMs(item.error, 'freely');
    if (waitMs === undefined || item.ok) {
      entry.item = item;
      this.#backoff.reset();
      this.#deliver();
    } else {
      entry.refusal = item.error;
      entry.refusedSince ??= Date.now();
      this.#retryAfterMs = Math.max(this.#retryAfterMs, waitMs);
      // Nothing more is sent until what is on its way is answered: only then is it known which
      // refused submissions a later one of the same player has overtaken.
      this.#sending = false;
    }
    if (this.#sending) this.#pump();
    else if (this.#inFlight.length === 0) void this.#sendAgain();
  }

  /** Gives the answers to the callers, in order. */
  #deliver(): void {
    for (let entry = this.#entries.first(); entry?.item; entry = this.#entries.first()) {
      this.#entries.shift();
      if (entry.item.ok) entry.resolve(entry.item.result);
      else this.#refuse(entry, ownFailure(entry, entry.item.error));
    }
    if (this.#entries.length < this.#maxInFlight) this.#releaseRoom();
    this.#endIfComplete();
  }

  #onCallEnd(call: Call, status: StatusObject | undefined): void {
    this.#call = undefined;
    if (this.#state === 'ended' || this.#state === 'failed') return;
    if (this.#entries.length === 0) {
      // Nobody waits for an answer: the next submission opens a new call.
      if (this.#state === 'ending') this.#complete();
      return;
    }
    const failure = this.#connection.failure(
      Object.assign(new Error(status?.details), {
        code: 14,
        details: 'the stream ended',
        ...status,
      }),
      this.#signal,
    );
    this.#noteUnsure(call, failure);
    const waitMs =
      status?.code === 0 ? 0 : failure instanceof RostrumError ? reopenWaitMs(failure) : undefined;
    if (waitMs === undefined) {
      this.#fail(failure);
      return;
    }
    this.#sending = false;
    this.#retryAfterMs = Math.max(this.#retryAfterMs, waitMs);
    void this.#reconnect(failure as RostrumError);
  }

  /** Notes what was on its way over a call that ended so. */
  #noteUnsure(call: Call, failure: unknown): void {
    if (!this.#connection.wasSent(call) || !mayBeDoneAfterStream(failure)) return;
    for (const entry of this.#inFlight.toArray()) entry.isUnsure = true;
  }

  async #reconnect(lost: RostrumError): Promise<void> {
    this.#failingSince ??= Date.now();
    const explained =
      lost.reason === 'CONNECTION_FAILED' ? await this.#connection.explain() : undefined;
    const tired = Date.now() - this.#failingSince >= this.#giveUpAfterMs;
    if (explained?.permanent || tired) this.#fail(explained?.error ?? lost);
    else await this.#sendAgain();
  }

  /** Waits, then sends everything without an answer again, in the order of `submit`. */
  async #sendAgain(): Promise<void> {
    this.#resumption += 1;
    const resumption = this.#resumption;
    const waitMs = this.#backoff.next(this.#retryAfterMs);
    this.#retryAfterMs = 0;
    await sleep(waitMs, this.#signal, this.#connection.closing);
    if (this.#state === 'failed' || resumption !== this.#resumption) return;
    this.#inFlight.reset();
    const refusedBefore = Date.now() - this.#giveUpAfterMs;
    this.#unsent.reset(selectUnanswered(this.#entries.toArray(), refusedBefore));
    this.#sending = true;
    this.#deliver();
    this.#pump();
  }

  #endIfComplete(): void {
    if (this.#state !== 'ending' || this.#entries.length > 0) return;
    if (this.#call) this.#call.end();
    else this.#complete();
  }

  #complete(): void {
    this.#state = 'ended';
    this.#release();
    // Whoever awaits a result asks for it a few turns later than it looks.
    setImmediate(() => {
      const unseen = this.#unseen.error();
      if (unseen) this.#done.reject(unseen);
      else this.#done.resolve();
    });
  }

  /** Fails one submission, and sees to it that somebody hears of it. */
  #refuse(
    {
      submission,
      promise,
      reject,
    }: Pick<PendingScore<Submission>, 'submission' | 'promise' | 'reject'>,
    error: unknown,
  ): void {
    promise.tame();
    reject(error);
    this.#failed += 1;
    if (error === this.#failure) this.#noteFailedWithStream(promise);
    if (!this.#onError) {
      this.#unseen.add({ result: promise, error });
      return;
    }
    try {
      this.#onError(error, submission);
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  readonly #onAbort = (): void => {
    this.#fail(this.#signal?.aborted ? this.#signal.reason : clientClosed());
  };

  #fail(failure: unknown): void {
    if (this.#state === 'ended' || this.#state === 'failed') return;
    this.#state = 'failed';
    this.#failure = failure;
    this.#release();
    if (this.#call) {
      this.#noteUnsure(this.#call, failure);
      this.#call.cancel();
    }
    const entries = this.#entries.toArray();
    this.#entries.reset();
    this.#unsent.reset();
    this.#inFlight.reset();
    for (const entry of entries) {
      if (entry.item?.ok) entry.resolve(entry.item.result);
      else {
        if (entry.isUnsure && !entry.item) this.#noteFailedWithStream(entry.promise);
        this.#refuse(entry, ownFailure(entry, entry.item?.error ?? failure));
      }
    }
    const isUnsure = entries.some((entry) => entry.isUnsure);
    this.#done.reject(isUnsure ? mayBeRecorded(failure, undefined) : failure);
  }

  #noteFailedWithStream(promise: ObservedPromise<ScoreResult>): void {
    if (this.#failedWithStream.length < this.#maxInFlight) this.#failedWithStream.push(promise);
  }

  #release(): void {
    this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#connection.closing.removeEventListener('abort', this.#onAbort);
    this.#releaseRoom();
  }

  #releaseRoom(): void {
    this.#room?.resolve(this.#state === 'failed' ? this.#done.promise : undefined);
    this.#room = undefined;
  }
}

/** What one submission fails with: its own error where it may have been recorded. */
function ownFailure({ isUnsure, submissionId }: PendingScore, failure: unknown): unknown {
  return isUnsure ? mayBeRecorded(failure, submissionId) : failure;
}

/** For submissions that name their leaderboard themselves. */
export const ANY_LEADERBOARD: StreamTarget<ScoreSubmission> = {
  toSubmission: (submission) => submission,
  ready: undefined,
};
