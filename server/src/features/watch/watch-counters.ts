/** What the watches have open, and have done since the start. */
export class WatchCounters {
  /** Open streams of WatchStandings. */
  viewWatchers = 0;
  /** Open streams of WatchChanges. */
  feedWatchers = 0;
  /** Messages written to streams. */
  messagesSent = 0;
  /** Messages encoded; far fewer than sent if watchers share views. */
  messagesEncoded = 0;
  /** Watches ended because their watcher did not read. */
  slowEnded = 0;
}
