/** What the watches have open, and have done since the start. */
export class WatchCounters {
  viewWatchers = 0;
  feedWatchers = 0;
  messagesSent = 0;
  messagesEncoded = 0;
  slowEnded = 0;
}
