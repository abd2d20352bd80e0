import { RostrumError } from '../errors/rostrum-error.js';
import { ScoreServiceService as methods } from '../gen/rostrum/v1/score.js';
import type { CallOptions } from '../transport/call-options.js';
import type { Connection } from '../transport/connection.js';
import { callUnary } from '../transport/unary.js';
import { submitBatch } from './batch-submission.js';
import type { ScoreItem, ScoreResult, ScoreSubmission } from './score.js';
import { fromResultMessage, toSubmissionMessage } from './score-conversion.js';
import { ScoreStream } from './score-stream.js';
import type { ScoreStreamOptions } from './score-stream-options.js';

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
   * @throws INVALID_FIELD, CLIENT_TIME_IN_FUTURE, LEADERBOARD_NOT_FOUND, TOTAL_OUT_OF_RANGE,
   * STORE_UNAVAILABLE, SHUTTING_DOWN, OVERLOADED, NOT_SUPPORTED, ROLE_NOT_ALLOWED
   */
  async submit(submission: ScoreSubmission, options?: CallOptions): Promise<ScoreResult> {
    const message = { submission: toSubmissionMessage(submission) };
    const response = await callUnary(
      this.#connection,
      methods.submitScore,
      message,
      'freely',
      options,
    );
    return fromResultMessage(response.result);
  }

  /**
   * Submits any number of scores, 1,000 in a call, one call after the other, and returns an item
   * for each in the same order: one refused submission does not spoil the others. The deadline
   * holds for each call. When a call after the first fails as a whole, its submissions and those
   * after it have that error as their item.
   * @throws as `submit`, when the first call fails as a whole; the signal's reason
   */
  async batchSubmit(
    submissions: readonly ScoreSubmission[],
    options?: CallOptions,
  ): Promise<ScoreItem[]> {
    const items: ScoreItem[] = [];
    for (let start = 0; start < submissions.length; start += MAX_BATCH) {
      const chunk = submissions.slice(start, start + MAX_BATCH).map(toSubmissionMessage);
      try {
        items.push(...(await submitBatch(this.#connection, chunk, options)));
      } catch (error) {
        if (start === 0 || !(error instanceof RostrumError)) throw error;
        const rest = submissions.length - start;
        return items.concat(Array.from({ length: rest }, () => ({ ok: false, error })));
      }
    }
    return items;
  }

  /**
   * Opens a stream for many submissions, the fastest way to send them. It reconnects by itself and
   * sends again what was not answered.
   */
  stream(options?: ScoreStreamOptions): ScoreStream {
    return new ScoreStream(this.#connection, options);
  }
}
