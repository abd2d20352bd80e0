import { keysOf } from '../errors/require-known-keys.js';
import { typeOf } from '../errors/require-type.js';
import { invalidOptions } from '../errors/rostrum-error.js';

/** Some thirty years. gRPC cannot write all that a number can; a longer deadline is none. */
const LONGEST_MS = 1e12;

/** Options of one call. */
export interface CallOptions {
  /**
   * How long the call may take in all, retries included, in milliseconds from now. Default: the
   * client's `defaultDeadlineMs` for unary calls; streams have none. `Infinity` means no limit.
   */
  readonly deadlineMs?: number | undefined;
  /** Cancels the call here and on the server; the call rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

export const CALL_OPTIONS = keysOf<CallOptions>({ deadlineMs: true, signal: true });

/**
 * The end of a call that may take so many milliseconds from now, as `Date.now()` counts.
 * @throws INVALID_OPTIONS
 */
export function deadlineAfter(deadlineMs: number): number {
  if (typeof deadlineMs !== 'number' || Number.isNaN(deadlineMs)) {
    const given = typeof deadlineMs === 'number' ? 'NaN' : typeOf(deadlineMs);
    throw invalidOptions(`options.deadlineMs must be a number of milliseconds, not ${given}`);
  }
  return deadlineMs > LONGEST_MS ? Number.POSITIVE_INFINITY : Date.now() + deadlineMs;
}
