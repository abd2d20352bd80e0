import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';

/** The spread of measured times, in milliseconds. */
export interface Spread {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** Collects times in constant memory, each kept to three significant digits. */
export class Times {
  private readonly histogram: RecordableHistogram = createHistogram({ figures: 3 });

  /** Records a time in milliseconds. */
  record(milliseconds: number): void {
    this.histogram.record(Math.max(1, Math.round(milliseconds * 1000)));
  }

  spread(): Spread {
    const { histogram } = this;
    const at = (percent: number) =>
      histogram.count === 0 ? 0 : histogram.percentile(percent) / 1000;
    const max = histogram.count === 0 ? 0 : histogram.max / 1000;
    return { count: histogram.count, p50: at(50), p95: at(95), p99: at(99), max };
  }
}
