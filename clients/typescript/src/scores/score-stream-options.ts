import { keysOf } from '../errors/require-known-keys.js';
import type { ScoreSubmission } from './score.js';
import type { OnDuplicate } from './submit-options.js';

export interface ScoreStreamOptions {
  /** Cancels the stream; what was not answered rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** How many submissions may be on their way without an answer. Default: 1,024. */
  readonly maxInFlight?: number | undefined;
  /** How many submissions the stream holds in all, those on their way included. Default: 65,536. */
  readonly maxPending?: number | undefined;
  /**
   * How long to go on trying, in milliseconds, before a submission that is refused again and again
   * is given up, or the stream as a whole when it gets no connection. Default: 60,000.
   */
  readonly giveUpAfterMs?: number | undefined;
  /** About an id that was used before for a different submission. Default: `reject`. */
  readonly onDuplicate?: OnDuplicate | undefined;
  /**
   * Called with each submission that fails and why, in the order of `submit`, for callers that do
   * not keep the results: `end` then speaks only of the stream as a whole. When it throws, the
   * stream fails with that.
   */
  readonly onError?: ((error: unknown, submission: ScoreSubmission) => void) | undefined;
}

export const SCORE_STREAM_OPTIONS = keysOf<ScoreStreamOptions>({
  signal: true,
  maxInFlight: true,
  maxPending: true,
  giveUpAfterMs: true,
  onDuplicate: true,
  onError: true,
});
