import type { Caller } from '../../domain/caller.js';
import type { RostrumError } from '../../domain/errors.js';
import type { WatchCounters } from './watch-counters.js';

/** One open stream to one watcher, as the watch feature needs it. */
export interface WatchStream {
  /** Whose watch it is. */
  readonly caller: Caller;

  /**
   * Sends one encoded response message. False if too many are unsent now: nothing more may be written
   * until `onDrain` calls. The buffer is shared with other streams and must not be changed. Does nothing
   * after the stream ended.
   */
  write(message: Buffer): boolean;

  /** Calls whenever everything written was sent, after a `write` that answered false. */
  onDrain(listener: () => void): void;

  /** Ends the stream with an error. */
  end(error: RostrumError): void;

  /** Calls once when the stream is over, whatever ended it; at once if it already is. */
  onClose(listener: () => void): void;
}

/** What the watch feature has open and has done; for the server's statistics. */
export interface WatchStats extends Readonly<WatchCounters> {
  /** Views held, including those kept for a while for watchers that may resume. */
  readonly views: number;
  /** Rows kept for watches: of the views, each counted once, and of the filters of feeds. */
  readonly rows: number;
}
