import { keysOf, requireKnownOptions } from '../errors/require-known-keys.js';
import { invalidOptions } from '../errors/rostrum-error.js';
import type { CallOptions } from '../transport/call-options.js';

/**
 * What becomes of a submission that is not recorded, because its `submissionId` was used before for
 * a different one. `reject`: it fails with SUBMISSION_ID_REUSED. `resolve`: it has a result whose
 * outcome is `DUPLICATE`, with the standing as it is.
 */
export type OnDuplicate = 'reject' | 'resolve';

/** Options of one call that submits. */
export interface SubmitOptions extends CallOptions {
  /** About an id that was used before for a different submission. Default: `reject`. */
  readonly onDuplicate?: OnDuplicate | undefined;
}

const SUBMIT_OPTIONS = keysOf<SubmitOptions>({ deadlineMs: true, signal: true, onDuplicate: true });

/** Takes the options apart. @throws INVALID_OPTIONS */
export function splitSubmitOptions(options: SubmitOptions | undefined): {
  readonly call: CallOptions | undefined;
  readonly onDuplicate: OnDuplicate;
} {
  if (options === undefined) return { call: undefined, onDuplicate: 'reject' };
  requireKnownOptions(SUBMIT_OPTIONS, options);
  const { deadlineMs, signal, onDuplicate } = options;
  return { call: { deadlineMs, signal }, onDuplicate: checkOnDuplicate(onDuplicate) };
}

/** Fills in the default. @throws INVALID_OPTIONS */
export function checkOnDuplicate(value: OnDuplicate | undefined): OnDuplicate {
  if (value === undefined) return 'reject';
  if (value === 'reject' || value === 'resolve') return value;
  throw invalidOptions(
    `options.onDuplicate must be 'reject' or 'resolve', not ${JSON.stringify(value)}`,
  );
}
