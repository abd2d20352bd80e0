import { type Cap, DEFAULT_CAP } from '../../domain/allotment.js';

/** Limits and periods of the watches; times in milliseconds. */
export interface WatchOptions {
  /** Open watches at most, of both kinds together. */
  readonly maxWatches: number;
  /** How many of them one identity may have open. */
  readonly identityWatches: Cap;
  /** Rows kept for watches at most; a view counts once, however many watch it. */
  readonly maxRows: number;
  /** How many of them may be kept for one identity. */
  readonly identityRows: Cap;
  /** A stream that got nothing for this long gets a checkpoint. */
  readonly checkpointMs: number;
  /** A watcher that did not read for this long is ended. */
  readonly slowAfterMs: number;
  /** How often periodic work runs, and how often the index is tried while it is away. */
  readonly tickMs: number;
  /** How long a view without watchers is kept, so that they may resume. */
  readonly lingerMs: number;
  /** Views without watchers kept at most. */
  readonly maxIdleViews: number;
  /** Rows of these kept at most. */
  readonly maxIdleRows: number;
  /** Past frames kept at most for one view. */
  readonly historyFrames: number;
  /** How long past frames are kept. */
  readonly historyMs: number;
  /** Rows of past frames kept at most for one view. */
  readonly historyRows: number;
  /** Rows of past frames kept at most for all views. */
  readonly totalHistoryRows: number;
  /** Changes read from a feed at once. */
  readonly feedPageSize: number;
  /** Least time between two reads of one feed or, for new watchers, of one view. */
  readonly readGapMs: number;
}

export const DEFAULT_WATCH_OPTIONS: WatchOptions = {
  maxWatches: 20_000,
  identityWatches: DEFAULT_CAP,
  maxRows: 250_000,
  identityRows: DEFAULT_CAP,
  checkpointMs: 10_000,
  slowAfterMs: 30_000,
  tickMs: 1_000,
  lingerMs: 15_000,
  maxIdleViews: 256,
  maxIdleRows: 25_000,
  historyFrames: 32,
  historyMs: 60_000,
  historyRows: 20_000,
  totalHistoryRows: 250_000,
  feedPageSize: 500,
  readGapMs: 10,
};
