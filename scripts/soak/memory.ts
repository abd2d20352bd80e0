import { readFileSync } from 'node:fs';

const MIB = 1024 * 1024;

/** A reading of a process's resident memory. */
export interface Sample {
  /** Seconds since the start. */
  readonly at: number;
  readonly rssMib: number;
}

/** Resident memory of a process, in MiB; from /proc, so Linux only. */
export function rssMib(pid: number): number {
  const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
  return (pages * 4096) / MIB;
}

export interface Trend {
  /** Of the fitted line at the beginning and the end of the samples. */
  readonly fromMib: number;
  readonly toMib: number;
  readonly mibPerMinute: number;
}

/** The line that fits the samples best (least squares). */
export function trendOf(samples: readonly Sample[]): Trend {
  const count = samples.length;
  const meanAt = samples.reduce((sum, { at }) => sum + at, 0) / count;
  const mean = samples.reduce((sum, sample) => sum + sample.rssMib, 0) / count;
  let covariance = 0;
  let variance = 0;
  for (const { at, rssMib: rss } of samples) {
    covariance += (at - meanAt) * (rss - mean);
    variance += (at - meanAt) ** 2;
  }
  const slope = variance === 0 ? 0 : covariance / variance;
  const value = (at: number) => mean + slope * (at - meanAt);
  return {
    fromMib: value(samples[0]?.at ?? 0),
    toMib: value(samples.at(-1)?.at ?? 0),
    mibPerMinute: slope * 60,
  };
}
