import { join } from 'node:path';
import { temporaryDirectory } from '../../services/temporary-directory.ts';
import { describeMachine, newRun } from '../bench.ts';
import { CpuMeter } from '../cpu-meter.ts';
import type { Operation } from '../operations.ts';
import type { BenchOptions } from '../options.ts';
import { keepResults } from '../results.ts';
import { type Spread, spreadOf } from '../spread.ts';
import { prepareStores } from '../stores.ts';
import { milliseconds, spread, table, whole } from '../table.ts';
import type { Undoing } from '../undoing.ts';
import { type AgainstSlice, Contender, type Surroundings } from './contender.ts';
import { presentTree, treeOf } from './tree.ts';

/** No operation may be slower than this share of what it was. */
const FLOOR = 0.95;
const FIRST_WARM_UP_MS = 2_000;

type TreeRole = 'present' | 'other';

/** One operation of the two trees. */
interface AgainstRow {
  readonly operation: Operation;
  readonly present: AgainstSlice;
  readonly other: AgainstSlice;
  /** Rates of neighbouring slices, that of the present tree by that of the other. */
  readonly ratio: Spread;
}

/** Compares this tree with that of another commit: both in turns, on the same stores. */
export async function measureAgainst(
  options: BenchOptions,
  ref: string,
  undoing: Undoing,
): Promise<void> {
  const report = (line: string) => console.log(line);
  const directory = temporaryDirectory('rostrum-bench-');
  undoing.add(directory.remove);
  const other = await treeOf(ref, join(directory.path, 'tree'), report);
  const { certificates, stores } = await prepareStores(directory.path, undoing, report);
  const around: Surroundings = { stores, certificates, options, run: newRun(), undoing, report };
  const contenders: Record<TreeRole, Contender> = {
    other: await Contender.start(other, 0, around),
    present: await Contender.start(await presentTree(), 1, around),
  };
  const both = Object.values(contenders);
  const meter = new CpuMeter({
    own: [
      ...both.flatMap(({ serverPid, loadPids }) => [serverPid, ...loadPids]),
      stores.postgres.pid ?? 0,
      stores.redis.pid ?? 0,
    ],
  });

  const begun = { cpu: meter.read(), at: performance.now() };
  const rows = await measureRows(contenders, options, report);
  const ended = { cpu: meter.read(), at: performance.now() };
  const circumstances = [
    `${contenders.present.tree.name} against ${contenders.other.tree.name}`,
    describeMachine(),
    ...stores.description,
    `${options.players.toLocaleString('en')} players each; ${options.callers} callers on ${options.connections} connections of the ${options.client} client in ${options.loadProcesses} processes; ${options.rounds} rounds, in each three slices of ${options.seconds} s in turns`,
    ...(await Promise.all(both.map((contender) => contender.verify()))),
  ];
  if (begun.cpu && ended.cpu) {
    const own = ended.cpu.processes.own - begun.cpu.processes.own;
    const all = ended.cpu.machine - begun.cpu.machine;
    const others = Math.max(0, all - own) / ((ended.at - begun.at) / 1000);
    circumstances.push(`other programs kept ${others.toFixed(2)} cores busy`);
  }
  const slow = rows.filter(({ ratio }) => ratio.median < FLOOR);
  keepResults(render(rows, circumstances), { options, circumstances, rows }, options.json);
  for (const { operation, ratio } of slow) {
    console.log(`slower than before: ${operation.title}: ${ratio.median.toFixed(3)} < ${FLOOR}`);
  }
  if (options.strict && slow.length > 0) process.exitCode = 1;
}

async function measureRows(
  contenders: Record<TreeRole, Contender>,
  options: BenchOptions,
  report: (line: string) => void,
): Promise<AgainstRow[]> {
  const operations = options.operations.filter(({ name }) => name !== 'echo');
  for (const operation of operations) {
    report(`warming up: ${operation.name}`);
    for (const contender of Object.values(contenders)) {
      await contender.measure(operation.name, FIRST_WARM_UP_MS);
    }
  }
  const rows = new Map(
    operations.map((operation) => [
      operation,
      { present: [] as AgainstSlice[], other: [] as AgainstSlice[], ratios: [] as number[] },
    ]),
  );
  for (let round = 1; round <= options.rounds; round += 1) {
    report(`round ${round} of ${options.rounds}`);
    // Each is once in the middle as often as the other, so that a drift of the machine meets both.
    const inner: TreeRole = round % 2 === 0 ? 'present' : 'other';
    const outer: TreeRole = inner === 'present' ? 'other' : 'present';
    for (const [operation, row] of rows) {
      let before: { role: TreeRole; slice: AgainstSlice } | undefined;
      for (const role of [outer, inner, outer]) {
        const slice = await contenders[role].measure(operation.name, options.seconds * 1000);
        row[role].push(slice);
        if (before !== undefined) {
          const rates = { [before.role]: before.slice.rate, [role]: slice.rate };
          row.ratios.push((rates.present as number) / (rates.other as number));
        }
        before = { role, slice };
      }
      const last = row.ratios.slice(-2).map((ratio) => ratio.toFixed(2));
      report(`  ${operation.name}: ${last.join(' and ')} of the other`);
    }
  }
  return [...rows].map(([operation, { present, other, ratios }]) => ({
    operation,
    present: medianOf(present),
    other: medianOf(other),
    ratio: spreadOf(ratios),
  }));
}

function medianOf(slices: readonly AgainstSlice[]): AgainstSlice {
  const of = (key: keyof AgainstSlice) => spreadOf(slices.map((slice) => slice[key])).median;
  return { rate: of('rate'), p50: of('p50'), p99: of('p99') };
}

function render(rows: readonly AgainstRow[], circumstances: readonly string[]): string {
  return [
    ...circumstances.map((line) => `- ${line}`),
    '',
    table(
      ['This tree', 'a second', 'the other', 'ratio', 'p50', 'the other', 'p99', 'the other', ''],
      rows.map(({ operation, present, other, ratio }) => [
        operation.title,
        whole(present.rate),
        whole(other.rate),
        spread(ratio),
        milliseconds(present.p50),
        milliseconds(other.p50),
        milliseconds(present.p99),
        milliseconds(other.p99),
        ratio.median >= FLOOR ? 'PASS' : 'FAIL',
      ]),
    ),
    '',
  ].join('\n');
}
