import { keysOf } from '../errors/require-known-keys.js';

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
