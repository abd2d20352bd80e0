import { requireType } from '../errors/require-type.js';
import { RostrumError } from '../errors/rostrum-error.js';
import {
  ScoreServiceService as methods,
  type ScoreSubmission as ScoreSubmissionMessage,
  type SubmitScoreResponse,
} from '../gen/rostrum/v1/score.js';
import { Attempts } from '../transport/attempts.js';
import type { CallOptions } from '../transport/call-options.js';
import type { Connection } from '../transport/connection.js';
import { callUnary } from '../transport/unary.js';
import { submitBatch } from './batch-submission.js';
import { withoutDuplicate } from './duplicate.js';
import type { ScoreItem, ScoreResult, ScoreSubmission, SubmittedScore } from './score.js';
import { fromResultMessage, toSubmissionMessage } from './score-conversion.js';
import { ANY_LEADERBOARD, ScoreStream } from './score-stream.js';
import type { ScoreStreamOptions, SubmitAllOptions } from './score-stream-options.js';
import { submitAll } from './submit-all.js';
import { type SubmitOptions, splitSubmitOptions } from './submit-options.js';
import { mayBeRecorded } from './unsure-submission.js';

const MAX_BATCH = 1_000;

/** Submits scores. Every submission has an id, so that retries never count twice. */
export class ScoreGroup {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /**
   * Submits one score, and tries again with the same id where the answer was lost. The result is
   * given only after the score is durable.
   *
   * An error that has `metadata.submission_id` leaves open whether the score was recorded: sent again
   * with that `submissionId` it counts once. An error without it recorded nothing. What the signal
   * ends rejects with its reason, which does not tell.
   * @throws INVALID_FIELD, SUBMISSION_ID_REUSED (see `onDuplicate`), CLIENT_TIME_IN_FUTURE,
   * LEADERBOARD_NOT_FOUND, TOTAL_OUT_OF_RANGE, INVALID_OPTIONS, STORE_UNAVAILABLE, SHUTTING_DOWN, OVERLOADED, NOT_SUPPORTED,
   * ROLE_NOT_ALLOWED, CONNECTION_FAILED, DEADLINE_EXCEEDED, CLIENT_CLOSED
   */
  async submit(submission: ScoreSubmission, options?: SubmitOptions): Promise<ScoreResult> {
    const { call, onDuplicate } = splitSubmitOptions(options);
    const message = { submission: toSubmissionMessage(submission) };
    const response = await this.#submit(message, call);
    const item: ScoreItem = { ok: true, result: fromResultMessage(response.result) };
    const { ok, result, error } = withoutDuplicate(item, message.submission, onDuplicate);
    if (ok) return result;
    throw error;
  }

  async #submit(
    message: { readonly submission: ScoreSubmissionMessage },
    call: CallOptions | undefined,
  ): Promise<SubmitScoreResponse> {
    const method = methods.submitScore;
    const attempts = new Attempts();
    try {
      return await callUnary(this.#connection, method, message, 'freely', call, attempts);
    } catch (error) {
      if (!attempts.mayBeDone) throw error;
      throw mayBeRecorded(error, message.submission.submissionId);
    }
  }

  /**
   * Submits any number of scores, 1,000 in a call, one call after the other, and returns an item
   * for each in the same order: one refused submission does not spoil the others. Ranks are as of each
   * submission's turn: for ranks after all of them, use `standings.batchGet`. The deadline
   * holds for each call. When a call after the first fails as a whole, its submissions and those
   * after it have that error as their item. Errors have `metadata.submission_id` as those of `submit`.
   * @throws as `submit`, when the first call fails as a whole: what may have been recorded is then in
   * `metadata.submission_ids`, with commas between, in the order of the submissions and empty for those
   * that were not sent; the signal's reason
   */
  async batchSubmit(
    submissions: readonly ScoreSubmission[],
    options?: SubmitOptions,
  ): Promise<ScoreItem[]> {
    requireType('array', submissions, 'submissions');
    const { call, onDuplicate } = splitSubmitOptions(options);
    const items: ScoreItem[] = [];
    let answered = false;
    for (let start = 0; start < submissions.length; start += MAX_BATCH) {
      const chunk = submissions.slice(start, start + MAX_BATCH);
      const { messages, refusals } = toBatch(chunk, start);
      const attempts = new Attempts();
      try {
        const answers =
          messages.length === 0
            ? []
            : await submitBatch(this.#connection, messages, onDuplicate, attempts, call);
        answered ||= messages.length > 0;
        // What was refused here keeps its place among the answers.
        for (const index of chunk.keys()) {
          items.push(refusals.get(index) ?? atIndex(answers.shift() as ScoreItem, start + index));
        }
      } catch (error) {
        const sent = messages.map(({ submissionId }) => submissionId);
        const ids = chunk.map((_, index) => (refusals.has(index) ? '' : (sent.shift() ?? '')));
        const { mayBeDone } = attempts;
        if (!answered && mayBeDone) throw mayBeRecorded(error, [...items.map(() => ''), ...ids]);
        if (!answered || !(error instanceof RostrumError)) throw error;
        for (const [index, id] of ids.entries()) {
          const own = mayBeDone ? mayBeRecorded(error, id) : error;
          items.push(refusals.get(index) ?? { ok: false, error: own });
        }
        const unsent = submissions.length - items.length;
        return items.concat(Array.from({ length: unsent }, () => ({ ok: false, error })));
      }
    }
    return items;
  }

  /**
   * Submits all that an iterable gives, over a stream: as fast as the service takes them, at most
   * `maxInFlight` at a time, and no faster than the loop takes the items. The items come in the
   * order of the submissions; a refused one has its error and does not spoil the others. After a
   * lost connection what was not answered is sent again with the same ids. Errors of items have
   * `metadata.submission_id` as those of `submit`.
   *
   * Leaving the loop sends no more, and closes the iterable; what was on its way may be recorded.
   * @throws when the stream as a whole fails, after the items of what was taken: CONNECTION_FAILED
   * after `giveUpAfterMs`, CERTIFICATE_REFUSED, IDENTITY_MISSING, CLIENT_CLOSED; INVALID_OPTIONS;
   * what the iterable throws; the signal's reason
   */
  submitAll(
    submissions: Iterable<ScoreSubmission> | AsyncIterable<ScoreSubmission>,
    options: SubmitAllOptions = {},
  ): AsyncGenerator<SubmittedScore, void, undefined> {
    return submitAll(this.#connection, submissions, options, ANY_LEADERBOARD);
  }

  /**
   * Opens a stream for many submissions that come one by one. It reconnects by itself and sends
   * again what was not answered.
   * @throws INVALID_OPTIONS
   */
  stream(options: ScoreStreamOptions = {}): ScoreStream {
    return new ScoreStream(this.#connection, options, ANY_LEADERBOARD);
  }
}

/** The messages of the submissions that can be sent, and the items of the others by position. */
function toBatch(submissions: readonly ScoreSubmission[], firstIndex: number) {
  const messages: ScoreSubmissionMessage[] = [];
  const refusals = new Map<number, ScoreItem>();
  for (const [index, submission] of submissions.entries()) {
    try {
      messages.push(toSubmissionMessage(submission, `submissions[${firstIndex + index}]`));
    } catch (error) {
      if (!(error instanceof RostrumError)) throw error;
      refusals.set(index, { ok: false, error });
    }
  }
  return { messages, refusals };
}

/** The service names a field by its submission's place in a call: this is its place in the batch. */
function atIndex(item: ScoreItem, index: number): ScoreItem {
  if (item.ok || item.error.fieldViolations.length === 0) return item;
  const { code, reason, metadata, retryAfterMs } = item.error;
  let { message } = item.error;
  const fieldViolations = item.error.fieldViolations.map((violation) => {
    const field = violation.field.replace(/^submissions\[\d+\]/, `submissions[${index}]`);
    message = message.replace(`${violation.field}: `, () => `${field}: `);
    return { ...violation, field };
  });
  const details = { metadata, fieldViolations, retryAfterMs, cause: item.error.cause };
  return { ok: false, error: new RostrumError(code, reason, message, details) };
}
