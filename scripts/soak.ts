// npm run soak -- [--minutes 10]: a server under steady load with watchers that come, go, stall and
// die. In the end it says whether memory stayed flat and whether every watcher was let go.
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { RostrumClient, type ServerStats } from '@rostrum/client';
import { Crowd, STEADY_WATCHES } from './soak/crowd.ts';
import { SteadyLoad } from './soak/load.ts';
import { rssMib, type Sample, trendOf } from './soak/memory.ts';
import { type SoakStage, startStage } from './soak/stage.ts';

const SAMPLE_MS = 1_000;
const PRINT_EVERY = 15;
/** At first heaps, caches and pools grow to their working size. */
const WARM_UP_SHARE = 1 / 3;
/**
 * The fitted line may rise by this much over the measured time. A leak of one small object for each
 * of the calls, watches and connections made meanwhile would be several times that.
 */
const ALLOWED_SHARE = 0.1;
const ALLOWED_MIB = 16;
/** How long the server may take to notice that watchers are gone. */
const LET_GO_MS = 15_000;

const minutes = readMinutes();
const stage = await startStage();
let interrupted = false;
process.once('SIGINT', () => {
  interrupted = true;
});
try {
  const problems = await soak(stage);
  for (const problem of problems) console.log(`FAILED: ${problem}`);
  if (problems.length === 0) console.log('PASSED');
  process.exitCode = problems.length === 0 ? 0 : 1;
} finally {
  await stage.stop();
}

function readMinutes(): number {
  try {
    const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' } } });
    const read = Number(values.minutes);
    if (read >= 0.5) return read;
  } catch {
    // Said below.
  }
  console.error('usage: npm run soak -- [--minutes N], with N at least 0.5; the default is 10');
  process.exit(2);
}

/** Returns what was wrong. */
async function soak({ server, address, tls }: SoakStage): Promise<string[]> {
  await using client = RostrumClient.connect({ address, tls: tls('writer') });
  await using admin = RostrumClient.connect({ address, tls: tls('admin') });
  const load = new SteadyLoad(client);
  await until(() => load.calls > 500);
  const crowd = new Crowd(stage);
  const samples: Sample[] = [];
  const start = performance.now();
  const durationMs = minutes * 60_000;
  console.log('  time   memory   submissions  watchers  slow ones ended  connections');
  while (performance.now() - start < durationMs && !interrupted) {
    await delay(SAMPLE_MS);
    const at = (performance.now() - start) / 1000;
    samples.push({ at, rssMib: rssMib(server.pid) });
    if (samples.length % PRINT_EVERY === 0) print(at, samples, await admin.admin.stats());
  }

  const problems: string[] = [];
  crowd.stopPassing();
  if (!(await watchesBecome(admin, STEADY_WATCHES))) {
    problems.push(`other watches are open than the ${STEADY_WATCHES} that stayed`);
  }
  const { messages } = crowd;
  await delay(2_000);
  if (crowd.messages <= messages) problems.push('those that stayed are told nothing any more');
  await load.stop();
  crowd.stop();
  if (!(await watchesBecome(admin, 0))) problems.push('watches of closed connections are open');
  const { connections, watches, submissions } = await admin.admin.stats();
  // These two clients.
  if (connections > 2) problems.push(`${connections} connections are open; 2 were expected`);
  if (submissions.pending > 0) problems.push(`${submissions.pending} submissions are pending`);
  if (minutes >= 1 && watches.slowWatchersEnded === 0) problems.push('no slow watcher was ended');
  if (load.failures.length > 0) {
    problems.push(`${load.failures.length} calls failed; the first: ${String(load.failures[0])}`);
  }

  const passing = `${crowd.came} came and went, ${crowd.stalled} stalled, ${crowd.died} died`;
  console.log(`${load.calls} calls; of the watching connections ${passing}`);
  const measured = samples.filter(({ at }) => at >= minutes * 60 * WARM_UP_SHARE);
  const trend = trendOf(measured);
  const grown = trend.toMib - trend.fromMib;
  const allowed = Math.max(ALLOWED_MIB, trend.fromMib * ALLOWED_SHARE);
  console.log(
    `memory after the warm-up: ${mib(trend.fromMib)} to ${mib(trend.toMib)}, ${trend.mibPerMinute.toFixed(2)} MiB a minute; ${mib(allowed)} of growth would be too much`,
  );
  if (grown > allowed) problems.push(`memory grew by ${mib(grown)}`);
  return problems;
}

function print(at: number, samples: readonly Sample[], stats: ServerStats): void {
  const lately = samples.slice(-PRINT_EVERY).map((sample) => sample.rssMib);
  const { watches, submissions } = stats;
  const cells = [
    `${at.toFixed(0)} s`.padStart(6),
    mib(Math.max(...lately)).padStart(8),
    String(submissions.committed).padStart(13),
    String(watches.standingsWatchers + watches.changesWatchers).padStart(9),
    String(watches.slowWatchersEnded).padStart(16),
    String(stats.connections).padStart(12),
  ];
  console.log(cells.join(' '));
}

/** Whether as many watches are open as are expected, within the time that it may take. */
async function watchesBecome(admin: RostrumClient, expected: number): Promise<boolean> {
  const giveUpAt = performance.now() + LET_GO_MS;
  for (;;) {
    const { standingsWatchers, changesWatchers } = (await admin.admin.stats()).watches;
    if (standingsWatchers + changesWatchers === expected) return true;
    if (performance.now() > giveUpAt) return false;
    await delay(100);
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(50);
}

function mib(value: number): string {
  return `${value.toFixed(0)} MiB`;
}
