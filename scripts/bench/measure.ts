import type { Bench, Cores, ProcessName, Slice } from './bench.ts';
import { OPERATIONS, type Operation, type OperationName } from './operations.ts';
import type { BenchOptions } from './options.ts';
import { type Spread, spreadOf } from './spread.ts';

/** One operation over mutual TLS. */
export interface Row {
  readonly operation: Operation;
  /** Calls or submissions a second. */
  readonly rate: Spread;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Rate by that of the echo just before and just after; undefined for the echo itself. */
  readonly toEcho: Spread | undefined;
  readonly cores: Cores | undefined;
  /** CPU time of each process for one call or submission, in microseconds. */
  readonly cpuUs: Readonly<Record<ProcessName, number>> | undefined;
}

/** One operation over mutual TLS and, right after, over plaintext. */
export interface TlsRow {
  readonly operation: Operation;
  readonly tls: number;
  readonly plaintext: number;
  readonly ratio: Spread;
}

/** One operation at a fixed rate. Latencies in milliseconds from the intended send time. */
export interface LatencyRow {
  readonly operation: Operation;
  readonly offered: number;
  readonly answered: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  /** Cores that all other programs kept busy. */
  readonly others: number | undefined;
}

export interface Figures {
  readonly rows: readonly Row[];
  readonly tls: readonly TlsRow[];
  readonly latency: readonly LatencyRow[];
}

/** Offered share of the rate that the closed loop reached. */
const LATENCY_LOAD = 0.5;
/** Operations of which one call is one unit, so that a rate of calls can be offered. */
const LATENCY_OPERATIONS: readonly OperationName[] = ['rank', 'top-20', 'around-20', 'submit'];

interface Sample {
  readonly slice: Slice;
  readonly toEcho: number | undefined;
}

/**
 * Measures every operation in short rounds between echoes, so that what else the machine does meets
 * an operation and its echo alike.
 */
export async function measure(
  bench: Bench,
  options: BenchOptions,
  report: (line: string) => void,
): Promise<Figures> {
  const samples = new Map<OperationName, Sample[]>();
  const pairs = new Map<OperationName, { tls: number; plaintext: number }[]>();
  const add = <T>(map: Map<OperationName, T[]>, name: OperationName, value: T) => {
    const list = map.get(name);
    if (list === undefined) map.set(name, [value]);
    else list.push(value);
  };
  const compare = async ({ name, plaintext }: Operation, tls: Slice) => {
    if (!options.tls || !plaintext) return;
    const other = await bench.measure(name, { transport: 'plaintext' });
    add(pairs, name, { tls: tls.rate, plaintext: other.rate });
  };
  const others = options.operations.filter(({ name }) => name !== 'echo');
  const echo = OPERATIONS[0] as Operation;

  for (const { name, plaintext } of options.operations) {
    report(`warming up: ${name}`);
    await bench.warmUp(name, 'tls');
    if (options.tls && plaintext) await bench.warmUp(name, 'plaintext');
  }
  for (let round = 1; round <= options.rounds; round += 1) {
    report(`round ${round} of ${options.rounds}`);
    let before = await bench.measure('echo', { transport: 'tls' });
    add(samples, 'echo', { slice: before, toEcho: undefined });
    await compare(echo, before);
    for (const operation of round % 2 === 1 ? others : others.toReversed()) {
      const slice = await bench.measure(operation.name, { transport: 'tls' });
      const after = await bench.measure('echo', { transport: 'tls' });
      const toEcho = (2 * slice.rate) / (before.rate + after.rate);
      add(samples, operation.name, { slice, toEcho });
      add(samples, 'echo', { slice: after, toEcho: undefined });
      report(`  ${operation.name}: ${slice.rate.toFixed(0)}/s, ${toEcho.toFixed(2)} of the echo`);
      before = after;
      if (options.tls && operation.plaintext) {
        // A pair of its own, so that nothing comes between the two.
        await compare(operation, await bench.measure(operation.name, { transport: 'tls' }));
      }
    }
  }
  const rows = options.operations.map((operation) => toRow(operation, samples));
  return {
    rows,
    tls: [...pairs].map(([name, list]) => toTlsRow(name, list)),
    latency: options.latency ? await measureLatency(bench, options, rows, report) : [],
  };
}

async function measureLatency(
  bench: Bench,
  options: BenchOptions,
  rows: readonly Row[],
  report: (line: string) => void,
): Promise<LatencyRow[]> {
  const latency: LatencyRow[] = [];
  for (const { operation, rate } of rows) {
    if (!LATENCY_OPERATIONS.includes(operation.name)) continue;
    const offered = Math.round(rate.median * LATENCY_LOAD);
    report(`latency of ${operation.name} at ${offered}/s`);
    const measureMs = 2 * options.seconds * 1000;
    const how = { transport: 'tls', rate: offered, warmUpMs: 1_000, measureMs } as const;
    const slice = await bench.measure(operation.name, how);
    const { p50, p99, p999, max } = slice.result;
    const others = slice.cores?.others;
    latency.push({ operation, offered, answered: slice.rate, p50, p99, p999, max, others });
  }
  return latency;
}

function toRow(operation: Operation, samples: Map<OperationName, Sample[]>): Row {
  const list = samples.get(operation.name) ?? [];
  const ratios = list.flatMap(({ toEcho }) => (toEcho === undefined ? [] : [toEcho]));
  const busy = list.flatMap(({ slice: { cores, rate } }) => (cores ? [{ cores, rate }] : []));
  const coresOf = (name: keyof Cores) => spreadOf(busy.map(({ cores }) => cores[name])).median;
  const cpuUsOf = (name: ProcessName) =>
    spreadOf(busy.map(({ cores, rate }) => (1e6 * cores[name]) / rate)).median;
  return {
    operation,
    rate: spreadOf(list.map(({ slice }) => slice.rate)),
    p50: spreadOf(list.map(({ slice }) => slice.result.p50)).median,
    p99: spreadOf(list.map(({ slice }) => slice.result.p99)).median,
    toEcho: ratios.length === 0 ? undefined : spreadOf(ratios),
    cores:
      busy.length === 0
        ? undefined
        : {
            server: coresOf('server'),
            load: coresOf('load'),
            postgres: coresOf('postgres'),
            redis: coresOf('redis'),
            others: coresOf('others'),
          },
    cpuUs:
      busy.length === 0
        ? undefined
        : {
            server: cpuUsOf('server'),
            load: cpuUsOf('load'),
            postgres: cpuUsOf('postgres'),
            redis: cpuUsOf('redis'),
          },
  };
}

function toTlsRow(name: OperationName, list: { tls: number; plaintext: number }[]): TlsRow {
  return {
    operation: OPERATIONS.find((operation) => operation.name === name) as Operation,
    tls: spreadOf(list.map(({ tls }) => tls)).median,
    plaintext: spreadOf(list.map(({ plaintext }) => plaintext)).median,
    ratio: spreadOf(list.map(({ tls, plaintext }) => tls / plaintext)),
  };
}
