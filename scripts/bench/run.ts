// npm run bench -- [options]: what the server does under load, as ratios to a bare echo of the same
// server in the same run. docs/benchmarks.md tells how to read it.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bench, describeMachine, QUIET_CORES, resultsDirectory } from './bench.ts';
import { type Figures, measure } from './measure.ts';
import { type BenchOptions, readOptions, USAGE } from './options.ts';
import { summarizeProfile } from './profile-summary.ts';
import { missedFloors, render, updateDocument } from './report.ts';

const PROFILE_MS = 6_000;
const PROFILE_LINES = 15;

const options = readOptionsOrExit();
const bench = await Bench.start(options, progress);
const interrupted = (signal: NodeJS.Signals) => {
  void bench.stop().finally(() => {
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
};
process.once('SIGINT', interrupted);
process.once('SIGTERM', interrupted);
try {
  const directory = resultsDirectory();
  const name = new Date().toISOString().replaceAll(/[:.]/g, '-');
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
  console.log(`\n${text}`);
  const missed = missedFloors(figures);
  for (const line of missed) console.log(`below its floor: ${line}`);
  const file = options.json ?? join(directory, `${name}.json`);
  writeFileSync(file, `${JSON.stringify({ options, circumstances, ...figures }, undefined, 2)}\n`);
  writeFileSync(join(directory, `${name}.md`), text);
  console.log(`figures in ${file}`);
  if (options.updateDocs) updateDocument(text);
  if (options.profile) await profile(directory, name);
  if (options.strict && missed.length > 0) process.exitCode = 1;
} catch (error) {
  console.error(`the benchmark failed: ${(error as Error).message}`);
  process.exitCode = 1;
} finally {
  await bench.stop();
}

function readOptionsOrExit(): BenchOptions {
  try {
    const read = readOptions(process.argv.slice(2));
    if (read !== 'help') return read;
    console.log(USAGE);
    process.exit(0);
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`);
    process.exit(2);
  }
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
      `**Bound by the load**: at the echo the load process kept ${echo.load.toFixed(2)} cores busy and the server ${echo.server.toFixed(2)}; the server can do more echoes than this, so the ratios flatter it, and those of TLS say little. See --client bare`,
    );
  }
  return warnings;
}

function progress(line: string): void {
  console.log(line);
}

async function profile(directory: string, name: string): Promise<void> {
  for (const operation of options.operations) {
    const file = join(directory, `${name}-${operation.name}.cpuprofile`);
    await bench.profile(file, () =>
      bench.measure(operation.name, { transport: 'tls', measureMs: PROFILE_MS }),
    );
    console.log(`\n${operation.title}: where the server's time goes (${file})`);
    for (const line of summarizeProfile(file, PROFILE_LINES)) console.log(line);
  }
}
