import type { PlayerId } from '../../domain/ids.js';
import type { WatchStream } from './ports.js';
import type { WatchPosition } from './resume-token.js';
import type { WatchCounters } from './watch-counters.js';
import { Watcher } from './watcher.js';

/** One stream of WatchChanges. */
export class FeedWatcher extends Watcher {
  /** The players it wants to hear of; undefined: all. */
  readonly players: readonly PlayerId[] | undefined;
  /** How far it was told; undefined before it has started. While in a cohort, the cohort knows. */
  position: WatchPosition | undefined;

  constructor(
    stream: WatchStream,
    counters: WatchCounters,
    players: readonly PlayerId[] | undefined,
    position: WatchPosition | undefined,
  ) {
    super(stream, counters);
    this.players = players;
    this.position = position;
  }
}
