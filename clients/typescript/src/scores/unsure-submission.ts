import { RostrumError } from '../errors/rostrum-error.js';

const MAY_BE_RECORDED =
  'what was submitted may have been recorded; sent again with the same submissionId it counts once';

/**
 * What submissions fail with that may have been recorded: says so, and has their ids.
 * @param ids metadata `submission_id` for one, `submission_ids` with commas between for those of a
 * batch, in its order and empty for what was not sent; undefined where each has an error of its own
 */
export function mayBeRecorded<Failure>(
  error: Failure,
  ids: string | readonly string[] | undefined,
): Failure | RostrumError {
  if (!(error instanceof RostrumError)) return error;
  const { code, reason, fieldViolations, retryAfterMs } = error;
  // Why there is no connection now would read as if there had been none.
  const [text, cause] =
    reason === 'CONNECTION_FAILED'
      ? ['the connection to the server broke before the answer came', error]
      : [error.message, error.cause];
  return new RostrumError(code, reason, `${text}; ${MAY_BE_RECORDED}`, {
    metadata: { ...error.metadata, ...idsOf(ids) },
    fieldViolations,
    retryAfterMs,
    cause,
  });
}

function idsOf(ids: string | readonly string[] | undefined): Record<string, string> {
  if (ids === undefined) return {};
  return typeof ids === 'string' ? { submission_id: ids } : { submission_ids: ids.join(',') };
}
