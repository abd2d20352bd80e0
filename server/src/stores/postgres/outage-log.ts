import type { Log } from '../../domain/log.js';
import { failureReason } from '../../domain/outage.js';

/** How often a long outage is logged again, and short ones for the same reason. */
const AGAIN_MS = 60_000;
/** An outage of this length is logged whatever was logged before it. */
const LONG_MS = 2_000;

const AWAY = { begins: 'PostgreSQL is away', ends: 'PostgreSQL is back' };
/** It goes on with reads: its disk is full, or it is a standby by now. */
export const REFUSES_WRITES = {
  begins: 'PostgreSQL refuses writes',
  ends: 'PostgreSQL takes writes again',
};

/** Logs when PostgreSQL goes away and why, and when it is back. */
export class OutageLog {
  /** Since when it is away; undefined while it answers. */
  #sinceMs: number | undefined;
  /** When this outage was logged last. */
  #loggedMs: number | undefined;
  #last: { readonly reason: string; readonly atMs: number } | undefined;
  #outages = 0;

  /** @param now milliseconds that never go backwards */
  constructor(
    private readonly log: Log,
    private readonly now: () => number = () => performance.now(),
    private readonly words = AWAY,
  ) {}

  /** Whether it is away. */
  get isOn(): boolean {
    return this.#sinceMs !== undefined;
  }

  /** What was logged last, while it is away; else empty. */
  get reason(): string {
    return this.isOn ? (this.#last?.reason ?? '') : '';
  }

  /** How many outages are over. */
  get outages(): number {
    return this.#outages;
  }

  /**
   * Notes that a statement or a connection failed.
   * @param outages how many there had been when that began: what began in one that is over is no news
   */
  failed(error: unknown, outages: number): void {
    if (outages !== this.#outages) return;
    const atMs = this.now();
    this.#sinceMs ??= atMs;
    const reason = failureReason(error);
    if (!this.#isNews(reason, atMs)) return;
    this.#loggedMs = atMs;
    this.#last = { reason, atMs };
    this.log.warn({ reason }, this.words.begins);
  }

  #isNews(reason: string, atMs: number): boolean {
    // One outage has several reasons: the connection breaks, then nobody listens.
    if (this.#loggedMs !== undefined) return atMs - this.#loggedMs >= AGAIN_MS;
    if (this.#last?.reason !== reason || atMs - this.#last.atMs >= AGAIN_MS) return true;
    // It may be that some connections work and others never do.
    return atMs - (this.#sinceMs ?? atMs) >= LONG_MS;
  }

  /** Notes that a statement was answered that was sent while it was away. */
  answered(): void {
    if (this.#sinceMs === undefined) return;
    const seconds = Math.round((this.now() - this.#sinceMs) / 100) / 10;
    if (this.#loggedMs !== undefined) this.log.info({ seconds }, this.words.ends);
    this.#sinceMs = undefined;
    this.#loggedMs = undefined;
    this.#outages += 1;
  }
}
