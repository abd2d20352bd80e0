import type { Outcome } from './run.ts';
import type { Fault, Schedule } from './schedule/schedule.ts';

export interface ShrinkOptions {
  /** One with which something was found. */
  readonly schedule: Schedule;
  /** The kinds of what was found: another kind does not count. */
  readonly kinds: ReadonlySet<string>;
  /** How long it may take, in milliseconds. */
  readonly boundMs: number;
  readonly play: (schedule: Schedule) => Promise<Outcome>;
  readonly note: (text: string) => void;
  readonly signal: AbortSignal;
}

/** How often a schedule is played before it counts as harmless: what it breaks is a race. */
const ATTEMPTS = 2;
/** The load goes on for so long after the last fault. */
const TAIL_MS = 10_000;

/**
 * Drops faults, halves first, then one by one, while something of the same kind is still found.
 * Returns the smallest schedule with which it was found.
 */
export async function shrink(options: ShrinkOptions): Promise<Schedule> {
  const { kinds, note, signal } = options;
  const giveUpAt = performance.now() + options.boundMs;
  let least = trimmed(options.schedule, options.schedule.faults);
  const isOver = () => signal.aborted || performance.now() > giveUpAt;
  const fails = async (faults: readonly Fault[]): Promise<boolean> => {
    const schedule = trimmed(options.schedule, faults);
    for (let attempt = 1; attempt <= ATTEMPTS && !isOver(); attempt += 1) {
      note(`trying with ${faults.length} of ${least.faults.length} faults, attempt ${attempt}`);
      const { findings } = await options.play(schedule);
      if (findings.some(({ kind }) => kinds.has(kind))) return true;
    }
    return false;
  };
  for (let size = Math.ceil(least.faults.length / 2); size >= 1 && !isOver(); ) {
    let dropped = false;
    for (let at = 0; at < least.faults.length && !isOver(); ) {
      const rest = least.faults.filter((_, index) => index < at || index >= at + size);
      if (await fails(rest)) {
        least = trimmed(options.schedule, rest);
        dropped = true;
      } else at += size;
    }
    if (size === 1 && !dropped) break;
    size = size === 1 ? 1 : Math.ceil(size / 2);
    if (least.faults.length === 0) break;
  }
  return least;
}

function trimmed(schedule: Schedule, faults: readonly Fault[]): Schedule {
  const last = Math.max(0, ...faults.map(({ at, lasts }) => at + lasts));
  return { ...schedule, faults, durationMs: Math.min(schedule.durationMs, last + TAIL_MS) };
}
