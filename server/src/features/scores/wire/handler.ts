import type { Caller } from '../../../domain/caller.js';
import { invalidField, RostrumError } from '../../../domain/errors.js';
import {
  type BatchSubmitScoresRequest,
  type BatchSubmitScoresResponse,
  ScoreItem,
  type ScoreServiceServer,
  type StreamScoresRequest,
  type StreamScoresResponse,
  type SubmitScoreRequest,
  type SubmitScoreResponse,
} from '../../../gen/rostrum/v1/score.js';
import { bidiStreaming } from '../../../transport/bidi-streaming.js';
import type { CallContext } from '../../../transport/call-context.js';
import { unary } from '../../../transport/unary.js';
import { varintLength, writeVarint } from '../../../wire/varint.js';
import type { ScoreService } from '../service.js';
import type { Submitted } from '../submission-queue.js';
import { encodeStreamScoresResponse, encodeSubmitScoreResponse } from './result-encoding.js';
import { parseSubmission } from './submission-conversion.js';

const MAX_BATCH_ITEMS = 1000;
/** Submissions of one stream that are in work before the server stops reading from it. */
const MAX_IN_FLIGHT = 1024;

export { ScoreServiceService as scoreServiceDefinition } from '../../../gen/rostrum/v1/score.js';

/** `rostrum.v1.ScoreService`. */
export function scoreService(scores: ScoreService): ScoreServiceServer {
  const submit = (
    submission: SubmitScoreRequest['submission'],
    path: string,
    caller: Caller,
  ): Promise<Submitted> => {
    const nowMs = Date.now();
    return scores.submit(parseSubmission(submission, path, nowMs), nowMs, caller);
  };

  return {
    submitScore: unary<SubmitScoreRequest, SubmitScoreResponse>(({ submission }, { connection }) =>
      submit(submission, 'submission', connection).then(encodeSubmitScoreResponse),
    ),

    batchSubmitScores: unary<BatchSubmitScoresRequest, BatchSubmitScoresResponse>(
      async ({ submissions }, context) => {
        checkBatchSize(submissions.length);
        // All are handed over before any is awaited, so they are recorded in the order given.
        const items = submissions.map((submission, index) =>
          toItem(() => submit(submission, `submissions[${index}]`, context.connection), context),
        );
        return encodeBatch(await Promise.all(items));
      },
    ),

    streamScores: bidiStreaming<StreamScoresRequest, StreamScoresResponse>(
      ({ submission }, context) => {
        try {
          return submit(submission, 'submission', context.connection).then(
            encodeStreamScoresResponse,
            (error) => errorItem(error, context),
          );
        } catch (error) {
          return errorItem(error, context);
        }
      },
      MAX_IN_FLIGHT,
    ),
  };
}

/** The bytes of a ScoreItem, whatever becomes of the submission. */
async function toItem(submit: () => Promise<Submitted>, context: CallContext): Promise<Buffer> {
  try {
    return encodeSubmitScoreResponse(await submit());
  } catch (error) {
    const item = { item: { $case: 'error', value: context.toStatus(error) } } as const;
    return Buffer.from(ScoreItem.encode(item).finish());
  }
}

function errorItem(error: unknown, context: CallContext): StreamScoresResponse {
  return { item: { item: { $case: 'error', value: context.toStatus(error) } } };
}

/** BatchSubmitScoresResponse has its items as field 1. */
function encodeBatch(items: readonly Buffer[]): Buffer {
  let length = 0;
  for (const item of items) length += 1 + varintLength(item.length) + item.length;
  const buffer = Buffer.allocUnsafe(length);
  let at = 0;
  for (const item of items) {
    buffer[at++] = 1 * 8 + 2;
    at = writeVarint(buffer, at, item.length);
    at += item.copy(buffer, at);
  }
  return buffer;
}

function checkBatchSize(count: number): void {
  if (count === 0) throw invalidField('submissions', 'must not be empty');
  if (count <= MAX_BATCH_ITEMS) return;
  const description = `has ${count} submissions; the limit is ${MAX_BATCH_ITEMS}: send several batches`;
  throw new RostrumError('BATCH_TOO_LARGE', `submissions: ${description}`, {
    violations: [{ field: 'submissions', description }],
    metadata: { limit: String(MAX_BATCH_ITEMS), count: String(count) },
  });
}
