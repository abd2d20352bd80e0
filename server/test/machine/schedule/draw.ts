import { Random } from '../random.ts';
import { SERVERS } from '../stage/stage.ts';
import {
  type Breaking,
  FAULT_KINDS,
  type Fault,
  type FaultKind,
  LOSABLE_PARTS,
  type Schedule,
} from './schedule.ts';

/** The load runs alone for so long before the first and after the last fault. */
const WARM_UP_MS = 3_000;
const TAIL_MS = 3_000;
/** From the end of one fault to the begin of the next. */
const PAUSE_MS: readonly [number, number] = [500, 6_000];
/** The same where it is long enough to see that all is as if nothing had been; see bounds.ts. */
const CALM_MS: readonly [number, number] = [13_000, 17_000];
/** How often it is that long. */
const CALM = 0.2;
/** How often a second fault begins while one is on. */
const OVERLAPPING = 0.35;
/** Servers find the new primary at once, after a while, or much later than others. */
const ARRIVALS_MS: readonly (readonly [number, number])[] = [
  [0, 300],
  [300, 2_500],
  [2_500, 6_000],
];
/** How many of the runs with steps of the clock lie at the end of a month. */
const MONTH_ENDS = 0.4;
const LINK_MODES: readonly Breaking[] = [
  'cut',
  'refuse',
  'hole',
  'hole-out',
  'hole-in',
  'slow',
  'frozen',
];

export interface DrawOptions {
  readonly seed: number;
  readonly durationMs: number;
  /** Only these kinds. */
  readonly kinds?: readonly FaultKind['kind'][];
}

/** Draws a schedule: the same one from the same seed, duration and kinds. */
export function drawSchedule({ seed, durationMs, kinds = FAULT_KINDS }: DrawOptions): Schedule {
  const random = new Random(seed);
  const faults: Fault[] = [];
  const add = (at: number, taken: readonly Fault[]): Fault | undefined => {
    // A fault that cannot be had beside those that are on is drawn again; a few times will do.
    for (let attempt = 0; attempt < 10; attempt += 1) {
      const kind = drawKind(random, random.pick(kinds));
      const lasts = durationOf(random, kind);
      const fault: Fault = { id: faults.length + 1, at, lasts, ...kind };
      if (at + lasts > durationMs - TAIL_MS) continue;
      if (taken.some((other) => clash(fault, other))) continue;
      faults.push(fault);
      return fault;
    }
    return undefined;
  };
  for (let at = WARM_UP_MS; at < durationMs && kinds.length > 0; ) {
    const first = add(at, []);
    if (first === undefined) break;
    let end = at + first.lasts;
    if (random.chance(OVERLAPPING)) {
      const second = add(at + random.integer(0, Math.max(first.lasts, 500)), [first]);
      if (second !== undefined) end = Math.max(end, second.at + second.lasts);
    }
    at = end + random.integer(...(random.chance(CALM) ? CALM_MS : PAUSE_MS));
  }
  // Drawn last, so that it changes nothing of the faults.
  const monthEndsAt = Math.round(durationMs * (0.2 + 0.6 * random.next()));
  const isEnding = kinds.includes('clock-step') && random.chance(MONTH_ENDS);
  return { seed, durationMs, ...(isEnding && { monthEndsAt }), faults };
}

function drawKind(random: Random, kind: FaultKind['kind']): FaultKind {
  const server = () => random.integer(0, SERVERS - 1);
  switch (kind) {
    case 'server-kill':
    case 'server-stop':
      return { kind, server: server() };
    case 'link': {
      const store = random.pick(['postgres', 'redis'] as const);
      return {
        kind,
        store,
        server: random.chance(0.3) ? -1 : server(),
        mode: random.pick(LINK_MODES),
      };
    }
    case 'redis-lose':
      return { kind, part: random.pick(LOSABLE_PARTS) };
    case 'redis-restart':
      return { kind, data: random.pick(['kept', 'lost']) };
    case 'redis-failover':
      return {
        kind,
        stale: random.chance(0.5) ? 0 : random.integer(200, 3_000),
        arrivals: Array.from({ length: SERVERS }, () =>
          random.integer(...random.pick(ARRIVALS_MS)),
        ),
        open: random.pick(['reset', 'frozen']),
        old: random.chance(0.75) ? 'alive' : 'stopped',
      };
    case 'postgres-restart':
      return { kind, how: random.pick(['kill', 'immediate', 'fast']) };
    case 'clock-step': {
      const size = random.pick([2, 7, 30, 90, 400]);
      return { kind, seconds: random.chance(0.6) ? -size : size };
    }
    default:
      return { kind };
  }
}

function durationOf(random: Random, fault: FaultKind): number {
  switch (fault.kind) {
    case 'redis-flush':
    case 'redis-lose':
    case 'vacuum-full':
    case 'certificates':
      return 100;
    case 'redis-failover':
      return fault.stale + Math.max(...fault.arrivals) + random.integer(200, 2_000);
    case 'postgres-full':
      return random.integer(2_000, 5_000);
    case 'clock-step':
      return random.integer(3_000, 8_000);
    case 'postgres-stop':
      // Longer than servers remember what they know of leaderboards.
      if (random.chance(0.25)) return random.integer(11_000, 16_000);
      return random.integer(100, 7_000);
    default:
      return random.chance(0.4) ? random.integer(100, 1_000) : random.integer(1_000, 7_000);
  }
}

/** Whether two faults would meddle with the same thing, or leave nobody to serve. */
function clash(a: Fault, b: Fault): boolean {
  const [ofA, ofB] = [touched(a), touched(b)];
  return ofA.some((each) => ofB.includes(each));
}

function touched(fault: Fault): string[] {
  switch (fault.kind) {
    case 'server-kill':
    case 'server-stop':
      return ['a server process'];
    case 'link':
      return [
        `links to ${fault.store}`,
        ...(fault.server < 0 ? [`the process ${fault.store}`] : []),
      ];
    case 'redis-failover':
      return ['the process redis', 'links to redis'];
    case 'redis-stop':
    case 'redis-flush':
    case 'redis-lose':
    case 'redis-restart':
      return ['the process redis'];
    case 'postgres-stop':
    case 'postgres-restart':
    case 'postgres-full':
    case 'vacuum-full':
      return ['the process postgres'];
    case 'clock-step':
      return ['the clock', ...['the process postgres']];
    case 'certificates':
      return ['certificates'];
  }
}
