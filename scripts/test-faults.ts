// npm run test:faults -- [--minutes N] [--seed N] ...: breaks everything that Rostrum stands on, by a
// schedule drawn from a seed, and judges from outside whether it kept its promises. --help tells more.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Finding } from '../server/test/machine/check/findings.ts';
import { makeMutant, scheduleOf } from '../server/test/machine/mutations/mutant.ts';
import type { Mutation } from '../server/test/machine/mutations/mutation.ts';
import { MUTATIONS } from '../server/test/machine/mutations/mutations.ts';
import {
  describeOutcome,
  describeProgress,
  describeSchedule,
} from '../server/test/machine/report.ts';
import { type Outcome, runSchedule } from '../server/test/machine/run.ts';
import { drawSchedule } from '../server/test/machine/schedule/draw.ts';
import {
  FAULT_KINDS,
  type FaultKind,
  type Schedule,
} from '../server/test/machine/schedule/schedule.ts';
import { shrink } from '../server/test/machine/shrink.ts';
import { ROOT } from './foreground.ts';

const HELP = `npm run test:faults -- [options]

Three servers with links of their own to PostgreSQL and to a Redis with a replica; writers, readers
and watchers; faults by a schedule that is drawn from a seed. Then everything is healed, and a checker
decides from what the clients saw whether anything was lost, counted twice, out of order or late.
Ends with 0 when nothing was found, with 1 when something was.

  --minutes N        how long the load goes on: 0.1 to 600; default 2
  --seed N           what the schedule is drawn from; default: a random one, which is printed
  --faults KINDS     only these kinds, separated by commas, or none; default: all of
                     ${FAULT_KINDS.join(', ')}
  --ignore KINDS     findings of these kinds do not count, such as 'previous rank,slow'
  --schedule FILE    plays a schedule that was kept, instead of drawing one
  --runs N           so many runs, each with the next seed; default 1
  --shrink           when something is found: drops faults while it is still found
  --shrink-minutes N how long that may take; default 30
  --mutations        breaks Rostrum on purpose, in a copy of it, and expects each fault to be found
  --mutation NAME    only this one; one of
                     ${MUTATIONS.map(({ name }) => name).join(', ')}
  --dry-run          prints the schedule and does nothing
  --artifacts DIR    where histories and logs of a run with findings go; default .rostrum/faults
  --json             one JSON object a line instead of text
  --help

It needs redis-server and, for the full disk, root and the right to mount a tmpfs; for steps of the
clock, libfaketime (Debian: apt-get install faketime). What cannot be had is skipped, and said so.`;

interface Options {
  readonly mutations: readonly Mutation[];
  readonly schedules: readonly Schedule[];
  readonly ignored: readonly string[];
  readonly shrinkMs: number | undefined;
  readonly artifacts: string;
  readonly json: boolean;
}

const options = readOptions();
const interrupted = new AbortController();
process.once('SIGINT', () => interrupted.abort());
process.once('SIGTERM', () => interrupted.abort());

if (options.mutations.length > 0) process.exit(await playMutations());

let failed = 0;
for (const schedule of options.schedules) {
  if (interrupted.signal.aborted) break;
  say({ kind: 'schedule', schedule }, () => describeSchedule(schedule));
  const outcome = await play(schedule);
  if (outcome.findings.length === 0) continue;
  failed += 1;
  if (options.shrinkMs === undefined || interrupted.signal.aborted) continue;
  const least = await shrink({
    schedule,
    kinds: new Set(outcome.findings.map(({ kind }) => kind)),
    boundMs: options.shrinkMs,
    play,
    note: (text) => say({ kind: 'note', text }, () => [text]),
    signal: interrupted.signal,
  });
  say({ kind: 'shrunk', schedule: least }, () => [
    'the fewest faults with which it is still found:',
    ...describeSchedule(least),
    `keep this line as a file for --schedule: ${JSON.stringify(least)}`,
  ]);
}
const runs = options.schedules.length;
if (runs > 1 || failed > 0) {
  const seeds = options.schedules.map(({ seed }) => seed).join(', ');
  say({ kind: 'end', runs, failed }, () => [
    `${failed} of ${runs} runs found something (seeds ${seeds})`,
  ]);
}
process.exit(failed > 0 ? 1 : 0);

/** Each mutation must be found. Returns the exit code. */
async function playMutations(): Promise<number> {
  const unfound: string[] = [];
  for (const mutation of options.mutations) {
    if (interrupted.signal.aborted) break;
    const { name, breaks, finds } = mutation;
    say({ kind: 'mutation', name, breaks }, () => [`${name}: ${breaks}`]);
    const mutant = makeMutant(ROOT, mutation);
    try {
      const isWanted = ({ kind }: Finding) => finds.includes(kind);
      const { findings } = await play(scheduleOf(mutation), mutant.root, (all) =>
        all.some(isWanted),
      );
      const found = findings.filter(isWanted);
      if (found.length === 0) unfound.push(name);
      say({ kind: 'mutation end', name, found: found.length }, () => [
        found.length > 0
          ? `FOUND: ${name}, by ${found.length} of ${findings.length} findings`
          : `NOT FOUND: ${name}; it should show as ${finds.join(' or ')}`,
        '',
      ]);
    } finally {
      mutant.remove();
    }
  }
  const { length } = options.mutations;
  say({ kind: 'mutations end', mutations: length, unfound }, () => [
    `${length - unfound.length} of ${length} mutations found`,
    ...(unfound.length > 0 ? [`not found: ${unfound.join(', ')}`] : []),
  ]);
  return unfound.length > 0 ? 1 : 0;
}

async function play(
  schedule: Schedule,
  root = ROOT,
  isEnough: (findings: readonly Finding[]) => boolean = () => false,
): Promise<Outcome> {
  const outcome = await runSchedule({
    ignored: options.ignored,
    isEnough,
    root,
    schedule,
    artifacts: options.artifacts,
    signal: interrupted.signal,
    onProgress: (progress) => say(progress, () => [describeProgress(progress)]),
  });
  const { timeline: _, inflicted: __, ...shown } = outcome;
  say({ kind: 'outcome', ...shown }, () => [
    ...describeOutcome(outcome),
    outcome.findings.length === 0
      ? `PASSED: seed ${schedule.seed}`
      : `FAILED: seed ${schedule.seed}, ${outcome.findings.length} findings`,
  ]);
  return outcome;
}

function say(machine: object, people: () => readonly string[]): void {
  if (options.json) console.log(JSON.stringify(machine));
  else for (const line of people()) console.log(line);
}

function readOptions(): Options {
  try {
    const { values } = parseArgs({
      options: {
        minutes: { type: 'string', default: '2' },
        seed: { type: 'string' },
        faults: { type: 'string' },
        ignore: { type: 'string', default: '' },
        schedule: { type: 'string' },
        runs: { type: 'string', default: '1' },
        mutations: { type: 'boolean', default: false },
        mutation: { type: 'string' },
        shrink: { type: 'boolean', default: false },
        'shrink-minutes': { type: 'string', default: '30' },
        'dry-run': { type: 'boolean', default: false },
        artifacts: { type: 'string', default: '.rostrum/faults' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) {
      console.log(HELP);
      process.exit(0);
    }
    const minutes = numberOf('--minutes', values.minutes, 0.1, 600);
    const runs = numberOf('--runs', values.runs, 1, 10_000);
    const first =
      values.seed === undefined
        ? 1 + Math.floor(Math.random() * 1_000_000)
        : numberOf('--seed', values.seed, 0, 2 ** 32 - 1);
    const kinds = kindsOf(values.faults);
    const schedules =
      values.schedule === undefined
        ? Array.from({ length: runs }, (_, run) =>
            drawSchedule({ seed: first + run, durationMs: minutes * 60_000, kinds }),
          )
        : [JSON.parse(readFileSync(values.schedule, 'utf8')) as Schedule];
    if (values['dry-run']) {
      for (const schedule of schedules) console.log(describeSchedule(schedule).join('\n'));
      process.exit(0);
    }
    return {
      mutations: mutationsOf(values.mutations, values.mutation),
      schedules,
      ignored: values.ignore.split(','),
      shrinkMs: values.shrink
        ? numberOf('--shrink-minutes', values['shrink-minutes'], 0.1, 10_000) * 60_000
        : undefined,
      artifacts: values.artifacts,
      json: values.json,
    };
  } catch (error) {
    console.error(`test:faults: ${error instanceof Error ? error.message : error}`);
    console.error('npm run test:faults -- --help tells what can be asked for.');
    process.exit(2);
  }
}

function numberOf(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= least && value <= most) return value;
  throw new Error(`${name} ${text}: must be a number from ${least} to ${most}`);
}

function mutationsOf(all: boolean, name: string | undefined): readonly Mutation[] {
  if (name === undefined) return all ? MUTATIONS : [];
  const mutation = MUTATIONS.find((each) => each.name === name);
  if (mutation !== undefined) return [mutation];
  throw new Error(`--mutation ${name}: must be one of ${MUTATIONS.map((each) => each.name)}`);
}

function kindsOf(text: string | undefined): readonly FaultKind['kind'][] {
  if (text === undefined) return FAULT_KINDS;
  if (text === 'none') return [];
  return text.split(',').map((name) => {
    const kind = FAULT_KINDS.find((each) => each === name);
    if (kind !== undefined) return kind;
    throw new Error(`--faults ${name}: must be of ${FAULT_KINDS.join(', ')}, or none`);
  });
}
