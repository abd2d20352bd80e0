import { DEFAULT_CAP } from '../../domain/allotment.js';

/** Limits and periods of the watches; times in milliseconds. */
export type WatchOptions = Readonly<typeof DEFAULT_WATCH_OPTIONS>;

export const DEFAULT_WATCH_OPTIONS = {
  /** Open watches at most, of both kinds together. */
  maxWatches: 20_000,
  /** How many of them one identity may have open. */
  identityWatches: DEFAULT_CAP,
  /** Rows kept for watches at most; a view counts once, however many watch it. */
  maxRows: 250_000,
  /** How many of them may be kept for one identity. */
  identityRows: DEFAULT_CAP,
  /** A stream that got nothing for this long gets a checkpoint. */
  checkpointMs: 10_000,
  /** A watcher that did not read for this long is ended. */
  slowAfterMs: 30_000,
  /** How often periodic work runs, and how often the index is tried while it is away. */
  tickMs: 1_000,
  /** How long a view without watchers is kept, so that they may resume. */
  lingerMs: 15_000,
  /** Views without watchers kept at most. */
  maxIdleViews: 256,
  /** Rows of these kept at most. */
  maxIdleRows: 25_000,
  /** Past frames kept at most for one view. */
  historyFrames: 32,
  /** How long past frames are kept. */
  historyMs: 60_000,
  /** Rows of past frames kept at most for one view. */
  historyRows: 20_000,
  /** Rows of past frames kept at most for all views. */
  totalHistoryRows: 250_000,
  /** Changes read from a feed at once. */
  feedPageSize: 500,
  /** Least time between two reads of one feed or, for new watchers, of one view. */
  readGapMs: 10,
};
