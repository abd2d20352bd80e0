import { randomUUID } from 'node:crypto';
import { requireKnownOptions } from '../errors/require-known-keys.js';
import { RostrumError } from '../errors/rostrum-error.js';
import { Fifo } from '../fifo.js';
import type { Connection } from '../transport/connection.js';
import type { PlayerScore, ScoreResult, SubmittedScore } from './score.js';
import { ScoreStream, type StreamTarget } from './score-stream.js';
import {
  DEFAULT_IN_FLIGHT,
  SUBMIT_ALL_OPTIONS,
  type SubmitAllOptions,
} from './score-stream-options.js';
import { SubmissionSource, type Taken } from './submission-source.js';

interface Waiting<Submission> {
  readonly submission: Submission;
  /** Never rejects. */
  readonly answer: Promise<{ readonly result: ScoreResult } | { readonly error: unknown }>;
}

/**
 * Submits all that an iterable gives over a stream, and gives an item for each in the same order.
 * Takes no more while `maxInFlight` submissions wait for their answer, or for the loop to take it.
 * @throws INVALID_OPTIONS; what the iterable or a getter of a submission threw, or what made the stream
 * fail, after the items of all others that were taken
 */
export async function* submitAll<Submission extends PlayerScore>(
  connection: Connection,
  submissions: Iterable<Submission> | AsyncIterable<Submission>,
  options: SubmitAllOptions,
  target: StreamTarget<Submission>,
): AsyncGenerator<SubmittedScore<Submission>, void, undefined> {
  requireKnownOptions(SUBMIT_ALL_OPTIONS, options);
  const { signal, maxInFlight = DEFAULT_IN_FLIGHT } = options;
  const source = new SubmissionSource(submissions);
  const leaving = new AbortController();
  const waiting = new Fifo<Waiting<Submission>>();
  let ended = false;
  let failure: { readonly error: unknown } | undefined;
  let next: Promise<Taken<Submission>> | undefined;
  const either = signal ? AbortSignal.any([signal, leaving.signal]) : leaving.signal;
  const bounds = { maxInFlight, maxPending: maxInFlight };
  const stream = new ScoreStream(connection, { ...options, ...bounds, signal: either }, target);
  const endWith = (error: unknown): void => {
    ended = true;
    failure ??= { error };
    source.stopWaiting(error);
  };
  stream.closed.catch(endWith);

  const take = (taken: Taken<Submission>): void => {
    if ('ended' in taken) {
      ended = true;
      if ('error' in taken) endWith(taken.error);
      return;
    }
    let submission: Submission;
    try {
      submission = withId(taken.submission);
    } catch (error) {
      // A getter of the submission threw, which ends all as if the iterable had thrown.
      endWith(error);
      return;
    }
    const answer = stream.submit(submission).then(
      (result) => ({ result }),
      (error: unknown) => ({ error }),
    );
    waiting.push({ submission, answer });
  };

  try {
    for (;;) {
      while (!ended && !next && waiting.length < maxInFlight) {
        const taken = source.take();
        if (taken instanceof Promise) next = taken;
        else take(taken);
      }
      const first = waiting.first();
      if (next) {
        const answered = first?.answer.then(() => undefined);
        const taken = await (answered ? Promise.race([next, answered]) : next);
        if (taken) {
          next = undefined;
          take(taken);
          continue;
        }
      }
      if (!first) break;
      waiting.shift();
      const { submission } = first;
      const answer = await first.answer;
      if ('result' in answer) yield { ok: true, result: answer.result, submission };
      else if (answer.error instanceof RostrumError) {
        yield { ok: false, error: answer.error, submission };
      } else {
        // A getter that threw, or the signal. Those after it may have been recorded: they have items too.
        endWith(answer.error);
      }
    }
    if (failure) throw failure.error;
    await stream.end();
  } finally {
    leaving.abort();
    await source.close();
  }
}

/** With the id that it is sent with, so that whoever sends it again can keep it. */
function withId<Submission extends PlayerScore>(submission: Submission): Submission {
  // What is no object is refused where all submissions are.
  if (typeof submission !== 'object' || submission === null) return submission;
  return submission.submissionId ? submission : { ...submission, submissionId: randomUUID() };
}
