import type { FairSlots } from '../../domain/fair-slots.js';
import type { ReadTurns } from '../../domain/read-turns.js';
import type { RankingIndexReader, RankingSignals } from '../reads/ports.js';
import type { HistoryBudget } from './frame-history.js';
import type { WatchCounters } from './watch-counters.js';
import type { WatchOptions } from './watch-options.js';

/** What all views and feeds of a server share. */
export interface WatchEnvironment {
  readonly reader: RankingIndexReader;
  readonly signals: RankingSignals;
  /** One for all reads of the server. */
  readonly turns: ReadTurns;
  /** One for the reads of all views; a row takes a slot. */
  readonly slots: FairSlots;
  readonly options: WatchOptions;
  readonly counters: WatchCounters;
  readonly budget: HistoryBudget;
  /** Takes faults that no watcher is told of; the watch tries again by itself. */
  readonly reportFault: (fault: unknown) => void;
}
