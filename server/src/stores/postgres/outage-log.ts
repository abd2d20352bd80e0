import type { Log } from '../../domain/log.js';
import { failureReason } from '../../domain/outage.js';

/** The same reason is told again after so long at the earliest: some connections may work and others not. */
const AGAIN_MS = 60_000;

/** Tells the log when PostgreSQL goes away and why, and when it is back. */
export class OutageLog {
  readonly #log: Log;
  readonly #now: () => number;
  #sinceMs: number | undefined;
  #told: { readonly reason: string; readonly atMs: number } | undefined;

  /** @param now milliseconds that never go backwards */
  constructor(log: Log, now: () => number = () => performance.now()) {
    this.#log = log;
    this.#now = now;
  }

  /** Whether it is away, and the log has been told. */
  get isOn(): boolean {
    return this.#sinceMs !== undefined;
  }

  /** PostgreSQL failed a statement, or a connection to it. */
  failed(error: unknown): void {
    const reason = failureReason(error);
    const atMs = this.#now();
    if (this.#told?.reason === reason && atMs - this.#told.atMs < AGAIN_MS) return;
    // While it is away, other reasons follow: the connection breaks, then nobody listens.
    if (this.isOn && atMs - (this.#told?.atMs ?? 0) < AGAIN_MS) return;
    this.#sinceMs ??= atMs;
    this.#told = { reason, atMs };
    this.#log.warn({ reason }, 'PostgreSQL is away');
  }

  /** It answered a statement that was sent while it was away. */
  answered(): void {
    if (this.#sinceMs === undefined) return;
    const seconds = Math.round((this.#now() - this.#sinceMs) / 100) / 10;
    this.#sinceMs = undefined;
    this.#log.info({ seconds }, 'PostgreSQL is back');
  }
}
