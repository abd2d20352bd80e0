import { keysOf } from '../errors/require-known-keys.js';
import type { ScoreSubmission } from './score.js';
import type { OnDuplicate } from './submit-options.js';

export const DEFAULT_IN_FLIGHT = 1_024;
export const DEFAULT_GIVE_UP_MS = 60_000;

/** Options of `submitAll`. */
export interface SubmitAllOptions {
  /** Cancels what was not answered; the loop throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** How many submissions may be on their way without an answer. Default: 1,024. */
  readonly maxInFlight?: number | undefined;
  /**
   * How long to go on trying, in milliseconds, before a submission that is refused again and again
   * is given up, or all of them when there is no connection. Default: 60,000; `Infinity` never
   * gives up.
   */
  readonly giveUpAfterMs?: number | undefined;
  /** About an id that was used before for a different submission. Default: `reject`. */
  readonly onDuplicate?: OnDuplicate | undefined;
}

/** Options of `stream`. */
export interface ScoreStreamOptions<Submission = ScoreSubmission> extends SubmitAllOptions {
  /** Cancels the stream; what was not answered rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** How many submissions the stream holds in all, those on their way included. Default: 65,536. */
  readonly maxPending?: number | undefined;
  /**
   * Called with each submission that fails and why, in the order of `submit`, for callers that do
   * not keep the results: `end` then speaks only of the stream as a whole. When it throws, the
   * stream fails with that.
   */
  readonly onError?: ((error: unknown, submission: Submission) => void) | undefined;
}

export const SUBMIT_ALL_OPTIONS = keysOf<SubmitAllOptions>({
  signal: true,
  maxInFlight: true,
  giveUpAfterMs: true,
  onDuplicate: true,
});

export const SCORE_STREAM_OPTIONS = keysOf<ScoreStreamOptions>({
  signal: true,
  maxInFlight: true,
  maxPending: true,
  giveUpAfterMs: true,
  onDuplicate: true,
  onError: true,
});
