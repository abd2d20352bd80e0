import { RostrumError } from '../../domain/errors.js';
import type { WatchStream } from './ports.js';
import type { WatchCounters } from './watch-counters.js';
import type { EncodedMessage } from './wire/watch-encoding.js';

/**
 * One watcher's stream and how far it has come. Nothing is ever queued here: while the stream does
 * not take more, the watcher is `lagging`, and what it missed is worked out when it drains.
 */
export class Watcher {
  #resumeToken = '';
  #lastSentAt: number;
  #laggingSince: number | undefined;

  constructor(
    readonly stream: WatchStream,
    private readonly counters: WatchCounters,
  ) {
    this.#lastSentAt = performance.now();
  }

  get lagging(): boolean {
    return this.#laggingSince !== undefined;
  }

  /** Resumes after the last message written; empty before the first. */
  get resumeToken(): string {
    return this.#resumeToken;
  }

  /** Milliseconds since the last message, or since the call when there was none. */
  idleMs(now: number): number {
    return now - this.#lastSentAt;
  }

  laggingMs(now: number): number {
    return this.#laggingSince === undefined ? 0 : now - this.#laggingSince;
  }

  /** Writes a message. False: the watcher is lagging now. */
  send(message: EncodedMessage): boolean {
    const now = performance.now();
    this.#resumeToken = message.resumeToken;
    this.#lastSentAt = now;
    this.counters.messagesSent++;
    if (this.stream.write(message.bytes)) return true;
    this.#laggingSince = now;
    return false;
  }

  drained(): void {
    this.#laggingSince = undefined;
  }

  /** ABORTED: the watcher did not read. */
  endTooSlow(): void {
    this.counters.slowEnded++;
    this.stream.end(
      new RostrumError(
        'WATCHER_TOO_SLOW',
        'the watcher did not read for too long; resume with the last token it handled',
        { metadata: { resume_token: this.#resumeToken } },
      ),
    );
  }

  /** UNAVAILABLE: the server goes away. */
  endShuttingDown(): void {
    this.stream.end(
      new RostrumError('SHUTTING_DOWN', 'the server is shutting down; resume on another one', {
        metadata: { resume_token: this.#resumeToken },
        retryAfterMs: 500,
      }),
    );
  }
}
