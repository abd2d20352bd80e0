import { join } from 'node:path';
import { writeTables } from '../write-tables.ts';
import { Bench, describeMachine, QUIET_CORES } from './bench.ts';
import { type Figures, measure } from './measure.ts';
import type { BenchOptions } from './options.ts';
import { summarizeProfile } from './profile-summary.ts';
import { missedFloors, render } from './report.ts';
import { keepResults, resultsDirectory } from './results.ts';
import type { Undoing } from './undoing.ts';

const PROFILE_MS = 6_000;
const PROFILE_LINES = 15;

/** What the server does under load, as ratios to a bare echo of the same server in the same run. */
export async function measureRatios(options: BenchOptions, undoing: Undoing): Promise<void> {
  const bench = await Bench.start(options, progress, undoing);
  const figures = await measure(bench, options, progress);
  const verified = await bench.verify();
  const circumstances = [
    describeMachine(),
    ...bench.stores.description,
    `${options.players.toLocaleString('en')} players; ${options.callers} callers on ${options.connections} connections of the ${options.client} client in ${options.loadProcesses} processes, a streaming one with ${options.streamWindow} submissions under way; medians of ${options.rounds} rounds of ${options.seconds} s`,
    verified,
    ...disturbance(figures),
  ];
  const text = render(figures, circumstances);
  const name = keepResults(text, { options, circumstances, ...figures }, options.json);
  const missed = missedFloors(figures);
  for (const line of missed) console.log(`below its floor: ${line}`);
  if (options.updateDocs) writeTables('benchmarks.md', 'bench --', text);
  if (options.profile) await profile(bench, options, name);
  if (options.strict && missed.length > 0) process.exitCode = 1;
}

/** What keeps the ratios from telling about the server: other programs, or the load itself. */
function disturbance({ rows }: Figures): string[] {
  const warnings: string[] = [];
  const others = Math.max(...rows.map(({ cores }) => cores?.others ?? 0));
  if (others > QUIET_CORES) {
    warnings.push(
      `**Disturbed**: other programs kept up to ${others.toFixed(1)} cores busy; rates and ratios are too low, CPU times hold`,
    );
  }
  const echo = rows.find(({ operation }) => operation.name === 'echo')?.cores;
  if (echo !== undefined && echo.load > echo.server) {
    warnings.push(
      `**Bound by the load**: at the echo the load process kept ${echo.load.toFixed(2)} cores busy and the server ${echo.server.toFixed(2)}; the server can do more echoes than this, so the ratios flatter it, and those of TLS say little. See --client go`,
    );
  }
  return warnings;
}

function progress(line: string): void {
  console.log(line);
}

async function profile(bench: Bench, options: BenchOptions, name: string): Promise<void> {
  const directory = resultsDirectory();
  for (const operation of options.operations) {
    const file = join(directory, `${name}-${operation.name}.cpuprofile`);
    await bench.profile(file, () =>
      bench.measure(operation.name, { transport: 'tls', measureMs: PROFILE_MS }),
    );
    console.log(`\n${operation.title}: where the server's time goes (${file})`);
    for (const line of summarizeProfile(file, PROFILE_LINES)) console.log(line);
  }
}
