import type { Log } from '../../domain/log.js';
import { failureReason } from '../../domain/outage.js';

/** How often a long outage is told, and the same reason of short ones. */
const AGAIN_MS = 60_000;
/** An outage of so long is told whatever was told before it. */
const LONG_MS = 2_000;

/** Tells the log when PostgreSQL goes away and why, and when it is back. */
export class OutageLog {
  readonly #log: Log;
  readonly #now: () => number;
  /** Since when it is away; undefined while it answers. */
  #sinceMs: number | undefined;
  /** When this outage was told last. */
  #toldMs: number | undefined;
  #last: { readonly reason: string; readonly atMs: number } | undefined;
  #outages = 0;

  /** @param now milliseconds that never go backwards */
  constructor(log: Log, now: () => number = () => performance.now()) {
    this.#log = log;
    this.#now = now;
  }

  /** Whether it is away. */
  get isOn(): boolean {
    return this.#sinceMs !== undefined;
  }

  /** How many outages are over. */
  get outages(): number {
    return this.#outages;
  }

  /**
   * PostgreSQL failed a statement, or a connection to it.
   * @param outages as there were when that began: what began in an outage that is over tells nothing new
   */
  failed(error: unknown, outages: number): void {
    if (outages !== this.#outages) return;
    const atMs = this.#now();
    this.#sinceMs ??= atMs;
    const reason = failureReason(error);
    if (!this.#isToBeTold(reason, atMs)) return;
    this.#toldMs = atMs;
    this.#last = { reason, atMs };
    this.#log.warn({ reason }, 'PostgreSQL is away');
  }

  #isToBeTold(reason: string, atMs: number): boolean {
    // Other reasons follow: the connection breaks, then nobody listens.
    if (this.#toldMs !== undefined) return atMs - this.#toldMs >= AGAIN_MS;
    if (this.#last?.reason !== reason || atMs - this.#last.atMs >= AGAIN_MS) return true;
    // Some connections may work and others not, all the time.
    return atMs - (this.#sinceMs ?? atMs) >= LONG_MS;
  }

  /** It answered a statement that was sent while it was away. */
  answered(): void {
    if (this.#sinceMs === undefined) return;
    const seconds = Math.round((this.#now() - this.#sinceMs) / 100) / 10;
    if (this.#toldMs !== undefined) this.#log.info({ seconds }, 'PostgreSQL is back');
    this.#sinceMs = undefined;
    this.#toldMs = undefined;
    this.#outages += 1;
  }
}
