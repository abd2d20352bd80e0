import type { Tick } from './messages.ts';

/** What a group did in a stretch of time. */
export interface Stretch {
  /** Calls answered a second. */
  readonly rate: number;
  /** The rate of the slowest whole second. */
  readonly slowestSecond: number;
  /** Milliseconds; NaN if nothing was answered. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** Share of the answers that came without the index. */
  readonly unranked: number;
  /** Calls that failed, by gRPC status. */
  readonly failures: Readonly<Record<string, number>>;
}

/** Keeps what the load tells. Times are milliseconds since 1970. */
export class Recorder {
  readonly #ticks: Tick[] = [];

  add(tick: Tick): void {
    this.#ticks.push(tick);
  }

  stretch(group: string, from: number, to: number): Stretch {
    const within = this.#ticks.filter((tick) => tick.to > from && tick.to <= to);
    const tallies = within.flatMap((tick) => {
      const tally = tick.tallies[group];
      return tally === undefined ? [] : [{ at: tick.to, tally }];
    });
    const latencies = Float64Array.from(tallies.flatMap(({ tally }) => tally.latencies)).sort();
    const seconds = new Array<number>(Math.floor((to - from) / 1000)).fill(0);
    const failures: Record<string, number> = {};
    let unranked = 0;
    for (const { at, tally } of tallies) {
      const second = Math.ceil((at - from) / 1000) - 1;
      if (second < seconds.length) {
        seconds[second] = (seconds[second] ?? 0) + tally.latencies.length;
      }
      unranked += tally.unranked;
      for (const [status, count] of Object.entries(tally.failures)) {
        failures[status] = (failures[status] ?? 0) + count;
      }
    }
    const percentile = (share: number) =>
      latencies[Math.min(latencies.length - 1, Math.floor(share * latencies.length))] ?? Number.NaN;
    const rate = (1000 * latencies.length) / (to - from);
    return {
      rate,
      slowestSecond: seconds.length === 0 ? rate : Math.min(...seconds),
      p50: percentile(0.5),
      p99: percentile(0.99),
      max: percentile(1),
      unranked: latencies.length === 0 ? 0 : unranked / latencies.length,
      failures,
    };
  }

  /** When a group was last answered without the index, after a moment; undefined if it was not. */
  lastUnranked(group: string, after: number): number | undefined {
    const tick = this.#ticks.findLast(
      ({ to, tallies }) => to > after && (tallies[group]?.unranked ?? 0) > 0,
    );
    return tick?.to;
  }

  /** When a group was last answered by the index; undefined if it never was. */
  lastRanked(group: string): number | undefined {
    const tick = this.#ticks.findLast(({ tallies }) => {
      const tally = tallies[group];
      return tally !== undefined && tally.latencies.length > tally.unranked;
    });
    return tick?.to;
  }
}
