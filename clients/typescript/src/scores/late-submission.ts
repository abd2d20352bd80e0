import { RostrumError } from '../errors/rostrum-error.js';

const MAY_BE_RECORDED =
  'what was submitted may have been recorded; sent again with the same submissionId it counts once';

/**
 * What a submission, or a batch of them, fails with: where no answer came in time, the error says what
 * that means.
 * @param submissionId of the only one
 */
export function asSubmissionError(error: unknown, submissionId?: string): unknown {
  if (!(error instanceof RostrumError) || error.code !== 'DEADLINE_EXCEEDED') return error;
  return new RostrumError(error.code, error.reason, `${error.message}; ${MAY_BE_RECORDED}`, {
    metadata: {
      ...error.metadata,
      ...(submissionId === undefined ? {} : { submission_id: submissionId }),
    },
    retryAfterMs: error.retryAfterMs,
    cause: error.cause,
  });
}
