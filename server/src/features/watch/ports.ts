import type { Caller } from '../../domain/caller.js';
import type { RostrumError } from '../../domain/errors.js';

/** One open stream to one watcher, as the watch feature needs it. */
export interface WatchStream {
  /** Whose watch it is. */
  readonly caller: Caller;

  /**
   * Hands over one encoded response message. False when earlier messages are still unsent: nothing
   * more may be written until `onDrain` calls. The buffer is shared with other streams and must not
   * be changed. Does nothing after the stream ended.
   */
  write(message: Buffer): boolean;

  /** Calls whenever everything written was sent, after a `write` that answered false. */
  onDrain(listener: () => void): void;

  /** Ends the stream with an error. */
  end(error: RostrumError): void;

  /** Calls once when the stream is over, whatever ended it; at once if it already is. */
  onClose(listener: () => void): void;
}

/** Where faults go that no watcher is told of; the watch tries again by itself. */
export type ReportFault = (fault: unknown) => void;

/** What the watch feature has open and has done; for the server's statistics. */
export interface WatchStats {
  /** Open streams of WatchStandings. */
  readonly viewWatchers: number;
  /** Views held, including those kept for a while for watchers that may resume. */
  readonly views: number;
  /** Rows kept for watches: of the views, each counted once, and of the filters of feeds. */
  readonly rows: number;
  /** Open streams of WatchChanges. */
  readonly feedWatchers: number;
  /** Messages written to streams since the start. */
  readonly messagesSent: number;
  /** Messages encoded since the start; far fewer than sent where watchers share views. */
  readonly messagesEncoded: number;
  /** Watches ended because their watcher did not read. */
  readonly slowEnded: number;
}
