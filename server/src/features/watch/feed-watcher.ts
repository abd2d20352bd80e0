import type { PlayerId } from '../../domain/ids.js';
import type { WatchStream } from './ports.js';
import type { WatchPosition } from './resume-token.js';
import type { WatchCounters } from './watch-counters.js';
import { Watcher } from './watcher.js';

/** One stream of WatchChanges. */
export class FeedWatcher extends Watcher {
  /**
   * @param players those it wants to hear of; undefined: all
   * @param position how far it was told; undefined before it has started. While in a cohort, the cohort knows
   */
  constructor(
    stream: WatchStream,
    counters: WatchCounters,
    readonly players: readonly PlayerId[] | undefined,
    public position: WatchPosition | undefined,
  ) {
    super(stream, counters);
  }
}
