import { status } from '@grpc/grpc-js';
import { Histogram } from './histogram.js';

/** What one method has done since the start of the process. Times are in milliseconds. */
export interface MethodSnapshot {
  /** The full name, such as `/rostrum.v1.ScoreService/SubmitScore`. */
  readonly method: string;
  /** Calls that have ended. */
  readonly calls: number;
  /** Those of them that ended with an error. */
  readonly errors: number;
  /** Those ended by their callers, or by a deadline, before the server did. They are not errors. */
  readonly cancelled: number;
  /** How many calls ended with each gRPC code, such as `NOT_FOUND`; only codes that occurred. */
  readonly codes: Readonly<Record<string, number>>;
  /** Calls open now. */
  readonly open: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** Counts the calls of one method. */
export class MethodStats {
  readonly #latencyUs = new Histogram();
  /** How many calls ended with each gRPC code. */
  readonly #calls = new Array<number>(status.UNAUTHENTICATED + 1).fill(0);
  #open = 0;

  constructor(readonly method: string) {}

  opened(): void {
    this.#open += 1;
  }

  /**
   * @param code the gRPC code
   * @param durationMs How long the call took; undefined for streams, which are not timed.
   */
  ended(code: number, durationMs: number | undefined): void {
    this.#open -= 1;
    this.#calls[code] = (this.#calls[code] ?? 0) + 1;
    if (durationMs !== undefined) this.#latencyUs.record(durationMs * 1000);
  }

  snapshot(): MethodSnapshot {
    const codes: Record<string, number> = {};
    for (const [code, calls] of this.#calls.entries()) {
      if (calls > 0) codes[status[code] as string] = calls;
    }
    const calls = this.#calls.reduce((sum, count) => sum + count);
    const cancelled = (codes.CANCELLED ?? 0) + (codes.DEADLINE_EXCEEDED ?? 0);
    return {
      method: this.method,
      calls,
      errors: calls - (codes.OK ?? 0) - cancelled,
      cancelled,
      codes,
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
