import type { Caller } from '../../../domain/caller.js';
import { invalidField, RostrumError } from '../../../domain/errors.js';
import type {
  ScoreItem,
  ScoreServiceServer,
  ScoreSubmission,
} from '../../../gen/rostrum/v1/score.js';
import { bidiStreaming } from '../../../transport/bidi-streaming.js';
import type { CallContext } from '../../../transport/call-context.js';
import { unary } from '../../../transport/unary.js';
import type { ScoreService } from '../service.js';
import type { Submitted } from '../submission-queue.js';
import {
  encodeBatchSubmitScoresResponse,
  encodeStreamScoresResponse,
  encodeSubmitScoreResponse,
} from './result-encoding.js';
import { parseSubmission } from './submission-conversion.js';

const MAX_BATCH_ITEMS = 1000;
/** Submissions of one stream that may be in progress before the server stops reading from it. */
const MAX_IN_FLIGHT = 1024;

export { ScoreServiceService as scoreServiceDefinition } from '../../../gen/rostrum/v1/score.js';

/** `rostrum.v1.ScoreService`. */
export function scoreService(scores: ScoreService): ScoreServiceServer {
  const submit = (
    submission: ScoreSubmission | undefined,
    path: string,
    caller: Caller,
  ): Promise<Submitted> => {
    const nowMs = Date.now();
    return scores.submit(parseSubmission(submission, path, nowMs), nowMs, caller);
  };

  return {
    submitScore: unary(({ submission }, { connection }) =>
      submit(submission, 'submission', connection).then(encodeSubmitScoreResponse),
    ),

    batchSubmitScores: unary(async ({ submissions }, context) => {
      checkBatchSize(submissions.length);
      // All are queued before any is awaited, so they are recorded in the order given.
      const items = submissions.map(async (submission, index): Promise<Submitted | ScoreItem> => {
        try {
          return await submit(submission, `submissions[${index}]`, context.connection);
        } catch (error) {
          return errorItem(error, context);
        }
      });
      return encodeBatchSubmitScoresResponse(await Promise.all(items));
    }),

    streamScores: bidiStreaming(({ submission }, context) => {
      try {
        return submit(submission, 'submission', context.connection).then(
          encodeStreamScoresResponse,
          (error) => ({ item: errorItem(error, context) }),
        );
      } catch (error) {
        return { item: errorItem(error, context) };
      }
    }, MAX_IN_FLIGHT),
  };
}

function errorItem(error: unknown, context: CallContext): ScoreItem {
  return { item: { $case: 'error', value: context.toStatus(error) } };
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
