/** What the watches have done since the start. */
export class WatchCounters {
  messagesSent = 0;
  messagesEncoded = 0;
  slowEnded = 0;
}
