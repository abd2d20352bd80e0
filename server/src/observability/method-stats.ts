import { Histogram } from './histogram.js';

/** How a call ended; `cancelled`: its caller ended it before the server did. */
export type CallEnd = 'ok' | 'error' | 'cancelled';

/** What one method has done since the start of the process. Times are in milliseconds. */
export interface MethodSnapshot {
  /** The full name, such as `/rostrum.v1.ScoreService/SubmitScore`. */
  readonly method: string;
  /** Calls that have ended. */
  readonly calls: number;
  /** Those of them that ended with an error. */
  readonly errors: number;
  /** Those that their callers ended before the server did; they are no errors. */
  readonly cancelled: number;
  /** Calls that are open now. */
  readonly open: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** Counts the calls of one method. */
export class MethodStats {
  readonly method: string;
  readonly #latencyUs = new Histogram();
  #calls = 0;
  #errors = 0;
  #cancelled = 0;
  #open = 0;

  constructor(method: string) {
    this.method = method;
  }

  opened(): void {
    this.#open += 1;
  }

  /** @param durationMs How long the call took; undefined for streams, which are not timed. */
  ended(end: CallEnd, durationMs: number | undefined): void {
    this.#open -= 1;
    this.#calls += 1;
    if (end === 'error') this.#errors += 1;
    if (end === 'cancelled') this.#cancelled += 1;
    if (durationMs !== undefined) this.#latencyUs.record(durationMs * 1000);
  }

  snapshot(): MethodSnapshot {
    return {
      method: this.method,
      calls: this.#calls,
      errors: this.#errors,
      cancelled: this.#cancelled,
      open: this.#open,
      p50Ms: this.#latencyUs.quantile(0.5) / 1000,
      p99Ms: this.#latencyUs.quantile(0.99) / 1000,
      maxMs: this.#latencyUs.max / 1000,
    };
  }
}

/** The statistics of all methods of a server. */
export class MethodStatsRegistry {
  readonly #methods = new Map<string, MethodStats>();

  of(method: string): MethodStats {
    let stats = this.#methods.get(method);
    if (stats === undefined) {
      stats = new MethodStats(method);
      this.#methods.set(method, stats);
    }
    return stats;
  }

  /** All methods, busiest first. */
  snapshot(): MethodSnapshot[] {
    return [...this.#methods.values()]
      .map((stats) => stats.snapshot())
      .sort((a, b) => b.calls - a.calls || a.method.localeCompare(b.method));
  }
}
