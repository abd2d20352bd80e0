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
}
