import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ACKNOWLEDGED_MS, SLACK_MS } from './bounds.ts';
import { judge } from './check/checker.ts';
import type { Finding } from './check/findings.ts';
import type { Timeline } from './check/timeline.ts';
import { lookLast } from './final-look.ts';
import { History } from './history.ts';
import { startLoad } from './load/load.ts';
import { healAll, type Inflicted, inflict, whyNot } from './schedule/inflict.ts';
import { describeFault, type Schedule } from './schedule/schedule.ts';
import { StatementStuck } from './stage/postgres-host.ts';
import { type Stage, startStage } from './stage/stage.ts';
import { StallMeter } from './stall-meter.ts';

export interface RunOptions {
  /** Where `server/dist/main.js` lies. */
  readonly root: string;
  readonly schedule: Schedule;
  /** Told what happens, while it happens. */
  readonly onProgress?: (progress: Progress) => void;
  /** Where logs and histories go when something is found. */
  readonly artifacts?: string;
  /** Kinds of findings that do not count. */
  readonly ignored?: readonly string[];
  /** Whether these findings are all that was looked for: the last look is left out then. */
  readonly isEnough?: (findings: readonly Finding[]) => boolean;
  /** Ends the run early. */
  readonly signal?: AbortSignal;
}

export type Progress =
  | { readonly kind: 'note'; readonly text: string }
  | { readonly kind: 'fault'; readonly atMs: number; readonly inflicted: Inflicted }
  | {
      readonly kind: 'tick';
      readonly atMs: number;
      readonly acknowledged: number;
      readonly unranked: number;
      readonly reads: number;
      readonly failures: number;
      readonly on: readonly Inflicted[];
    };

export interface Outcome {
  readonly schedule: Schedule;
  readonly findings: readonly Finding[];
  /** When the load began, on the clock of the findings. */
  readonly start: number;
  readonly timeline: Timeline;
  readonly inflicted: readonly Inflicted[];
  /** Faults that could not be had, or not as they were drawn, and why. */
  readonly troubles: readonly string[];
  readonly acknowledged: number;
  readonly unranked: number;
  readonly reads: number;
  readonly judged: number;
  readonly byRevision: number;
  readonly resets: number;
  /** How long this process did not get to run, in milliseconds: findings on time may be its fault. */
  readonly stalledMs: number;
  /** Where the artifacts are, if there was a finding. */
  readonly artifacts: string | undefined;
}

const TICK_MS = 5_000;
const DAY_MS = 86_400_000;
/** From here to the load, about. */
const STARTING_MS = 5_000;

/** Plays a schedule on a stage of its own, and judges what the clients saw. */
export async function runSchedule(options: RunOptions): Promise<Outcome> {
  const { schedule, onProgress = () => {} } = options;
  const note = (text: string) => onProgress({ kind: 'note', text });
  note('starting PostgreSQL, Redis and three servers');
  const stage = await startStage(options.root, clockSecondsFor(schedule));
  const history = new History();
  const inflicted: Inflicted[] = [];
  const troubles: string[] = [];
  const stalls = new StallMeter();
  try {
    const load = await startLoad(stage, history, schedule.seed);
    const start = performance.now();
    const ticker = setInterval(() => {
      onProgress({
        kind: 'tick',
        atMs: performance.now() - start,
        acknowledged: history.acknowledged,
        unranked: history.unranked,
        reads: history.reads.length,
        failures: history.failures.length,
        on: inflicted.filter(({ to }) => to === Number.POSITIVE_INFINITY),
      });
    }, TICK_MS);
    const extra: Finding[] = [];
    try {
      await play(stage, options, start, inflicted, troubles, extra, onProgress);
    } finally {
      clearInterval(ticker);
    }
    await healAll(stage);
    note('everything is healed; waiting for what is under way');
    const lacking = await load.writers.stop(ACKNOWLEDGED_MS + SLACK_MS);
    if (lacking > 0) {
      const what = `${lacking} submissions were not acknowledged ${ACKNOWLEDGED_MS / 1000} s after the last fault`;
      extra.push({ kind: 'not acknowledged', at: performance.now(), server: -1, what });
    }
    await load.readers.stop();
    const end = performance.now();
    note('judging');
    const sql = (text: string) => stage.postgres.sql(text) as Promise<never[]>;
    const verdict = await judge(sql, history, inflicted, stalls.stalls, end);
    if (!options.isEnough?.(verdict.findings)) {
      await lookLast(load, verdict.ledger, (kind, at, server, what) =>
        extra.push({ kind, at, server, what }),
      );
    }
    await load.stop();
    for (const server of stage.servers) {
      for (const what of server.crashes) {
        extra.push({ kind: 'crash', at: end, server: server.number, what });
      }
    }
    const findings = [...verdict.findings, ...extra].filter(
      ({ kind }) => !options.ignored?.includes(kind),
    );
    return {
      schedule,
      findings,
      start,
      timeline: verdict.timeline,
      inflicted,
      troubles,
      acknowledged: history.acknowledged,
      unranked: history.unranked,
      reads: history.reads.length,
      judged: verdict.judged,
      byRevision: verdict.byRevision,
      resets: history.segments.length,
      stalledMs: stalls.stalls.reduce((sum, { from, to }) => sum + to - from, 0),
      artifacts:
        findings.length > 0 && options.artifacts !== undefined
          ? keep(options.artifacts, stage, history, schedule, inflicted, findings, start)
          : undefined,
    };
  } finally {
    stalls.stop();
    await stage.stop();
  }
}

/**
 * By how much PostgreSQL's clock must differ from the machine's so that a month ends when the schedule says. It
 * is always behind: see PostgresHost.
 */
function clockSecondsFor({ monthEndsAt }: Schedule): number {
  if (monthEndsAt === undefined) return -DAY_MS / 1000;
  const nowMs = Date.now();
  const { year, month } = monthBegunBefore(nowMs - DAY_MS);
  return Math.round((Date.UTC(year, month) - nowMs - STARTING_MS - monthEndsAt) / 1000);
}

function monthBegunBefore(ms: number): { year: number; month: number } {
  const date = new Date(ms);
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() };
}

async function play(
  stage: Stage,
  { schedule, signal }: RunOptions,
  start: number,
  inflicted: Inflicted[],
  troubles: string[],
  findings: Finding[],
  onProgress: (progress: Progress) => void,
): Promise<void> {
  const givenUp = signal ?? new AbortController().signal;
  const sleepUntil = (at: number) =>
    delay(Math.max(0, start + at - performance.now()), undefined, { signal: givenUp }).catch(
      () => {},
    );
  const running = schedule.faults.map(async (fault) => {
    await sleepUntil(fault.at);
    if (givenUp.aborted) return;
    const reason = whyNot(stage, fault);
    const own: Inflicted = { fault, from: performance.now(), to: Number.POSITIVE_INFINITY };
    if (reason !== undefined) {
      own.to = own.from;
      own.trouble = `skipped: ${reason}`;
    } else {
      inflicted.push(own);
      onProgress({ kind: 'fault', atMs: own.from - start, inflicted: own });
      try {
        await inflict(stage, fault, own, givenUp);
      } catch (error) {
        own.trouble = String(error);
        if (error instanceof StatementStuck) {
          findings.push({ kind: 'stuck', at: performance.now(), server: -1, what: error.message });
        }
      }
      own.to = performance.now();
    }
    if (own.trouble !== undefined) {
      troubles.push(`${describeFault(fault)}: ${own.trouble}`);
      onProgress({ kind: 'fault', atMs: performance.now() - start, inflicted: own });
    }
  });
  await Promise.all([sleepUntil(schedule.durationMs), ...running]);
}

function keep(
  directory: string,
  stage: Stage,
  history: History,
  schedule: Schedule,
  inflicted: readonly Inflicted[],
  findings: readonly Finding[],
  start: number,
): string {
  const own = join(directory, `seed-${schedule.seed}-${Date.now()}`);
  mkdirSync(own, { recursive: true });
  const write = (name: string, lines: readonly unknown[]) =>
    writeFileSync(
      join(own, name),
      lines.map((line) => `${JSON.stringify(line, compact)}\n`).join(''),
    );
  writeFileSync(join(own, 'schedule.json'), `${JSON.stringify(schedule, null, 2)}\n`);
  write('findings.jsonl', findings);
  write('inflicted.jsonl', [{ start }, ...inflicted]);
  write('submissions.jsonl', history.submissions);
  write('reads.jsonl', history.reads);
  write('failures.jsonl', history.failures);
  write('feeds.jsonl', history.segments);
  write('views.jsonl', history.views);
  for (const name of [
    'postgres.log',
    'redis-a.log',
    'redis-b.log',
    ...stage.servers.map(({ number }) => `server-${number}.log`),
  ]) {
    try {
      cpSync(join(stage.directory, name), join(own, name));
    } catch {
      // It has not written any.
    }
  }
  return own;
}

/** Times need no fractions, and rows are arrays. */
function compact(_: string, value: unknown): unknown {
  if (typeof value === 'number') return Number.isInteger(value) ? value : Number(value.toFixed(1));
  return ArrayBuffer.isView(value) ? Array.from(value as Float64Array) : value;
}
