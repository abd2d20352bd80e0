import { RECOVERY_MS, SETTLE_MS, SLACK_MS } from '../bounds.ts';
import type { Inflicted } from '../schedule/inflict.ts';
import { describeFault, type Fault } from '../schedule/schedule.ts';
import { SERVERS } from '../stage/stage.ts';
import type { Stall } from '../stall-meter.ts';

/** What a server must do at a time, whatever is wrong then. */
interface Duties {
  readonly reads: boolean;
  readonly writes: boolean;
  /** Whether reads may have to come from PostgreSQL, of which it takes only so many at a time. */
  readonly store: boolean;
}

interface Interval {
  readonly from: number;
  readonly to: number;
}

/**
 * What the faults of a run excuse, and when: the only place that knows. Everything else is judged
 * as if nothing had been wrong.
 */
export class Timeline {
  readonly #inflicted: readonly Inflicted[];
  /** When the machine had no time for anybody. */
  readonly #stalls: readonly Stall[];
  /** When some server could reach both stores, and had had the time to find that out. */
  readonly #able: readonly Interval[];
  /** By server: when it was cut off from PostgreSQL and on a Redis that others had left. */
  readonly #left: readonly (readonly (Interval & { readonly since: number })[])[];

  constructor(inflicted: readonly Inflicted[], stalls: readonly Stall[], end: number) {
    this.#inflicted = inflicted;
    this.#stalls = stalls;
    this.#able = ableIntervals(inflicted, end);
    this.#left = Array.from({ length: SERVERS }, (_, server) => leftBehind(inflicted, server));
  }

  /**
   * From when on a server that reaches PostgreSQL must show what was acknowledged at `acknowledged`,
   * also from the index: before it believes one, it can look for what that lacks.
   */
  dueNear(acknowledged: number, boundMs: number): number {
    return acknowledged + boundMs + this.#stalled(acknowledged, acknowledged + boundMs);
  }

  /**
   * From when on a server that does not reach PostgreSQL must show what was acknowledged with
   * `ranked = false`: the bound, once some server has been able to bring it in for that long.
   */
  dueFar(acknowledged: number, boundMs: number): number {
    for (const { from, to } of this.#able) {
      const due = this.dueNear(Math.max(from, acknowledged), boundMs);
      if (due <= to) return due;
    }
    return Number.POSITIVE_INFINITY;
  }

  /** Whether the server was cut off from PostgreSQL at this time or shortly before. */
  isFar(server: number, time: number): boolean {
    return this.#inflicted.some(
      ({ fault, from, to }) =>
        from <= time && time <= to + RECOVERY_MS && troubles(fault, server, 'postgres'),
    );
  }

  /**
   * If the server may answer old standings at this time, since when they may be old: it is cut off
   * from PostgreSQL and, at the same time, left on a Redis that was given up, so that nothing can
   * tell it. Once one of the two is over, it has SETTLE_MS.
   */
  oldSince(server: number, time: number): number | undefined {
    return this.#left[server]?.find(({ from, to }) => from <= time && time <= to)?.since;
  }

  /** Whether nothing was wrong from `from` to `to`, nor shortly before. */
  isCalm(from: number, to: number): boolean {
    return (
      this.#stalled(from - SLACK_MS, to) === 0 &&
      this.#inflicted.every((each) => each.to + RECOVERY_MS + SLACK_MS < from || each.from > to)
    );
  }

  /**
   * What a server still had to do, from `from` to `to`, by the README's table of failures: without Redis
   * both, from PostgreSQL; without PostgreSQL reads, from Redis; without both, or while it is stopped
   * or starting, nothing. Without both counts until PostgreSQL is back: what was acknowledged just before
   * may be missing in Redis, and only PostgreSQL knows it. So does an outage of PostgreSQL that begins when a
   * server has just started: it knows no leaderboard yet, and only PostgreSQL can tell it.
   */
  dutiesOf(server: number, from: number, to: number): Duties {
    const on = this.#inflicted.filter(
      (each) => each.from <= to && from <= each.to + RECOVERY_MS + SLACK_MS,
    );
    const isStopped = on.some(
      ({ fault }) =>
        (fault.kind === 'server-kill' || fault.kind === 'server-stop') && fault.server === server,
    );
    const postgres = on.some(({ fault }) => troubles(fault, server, 'postgres'));
    const redis = on.some(({ fault }) => troubles(fault, server, 'redis'));
    const knowsNone = on.some(
      (each) =>
        troubles(each.fault, server, 'postgres') &&
        this.#inflicted.some(
          ({ fault, from: killed, to: started }) =>
            fault.kind === 'server-kill' &&
            fault.server === server &&
            killed <= each.to &&
            each.from <= started + SETTLE_MS + SLACK_MS,
        ),
    );
    const lostBoth = on.some(
      (each) =>
        troubles(each.fault, server, 'postgres') &&
        this.#inflicted.some(
          (other) =>
            troubles(other.fault, server, 'redis') &&
            other.from <= each.to &&
            // It may not have recovered yet.
            each.from <= other.to + RECOVERY_MS + SLACK_MS,
        ),
    );
    const isExcused = isStopped || (postgres && redis) || lostBoth || knowsNone;
    if (isExcused || this.#stalled(from - SLACK_MS, to) > 0) {
      return { reads: false, writes: false, store: redis };
    }
    return { reads: true, writes: !postgres, store: redis };
  }

  /** For how long the machine stood still within or close to this time. */
  #stalled(from: number, to: number): number {
    return this.#stalls.reduce(
      (sum, stall) => (stall.from < to && from < stall.to ? sum + stall.to - stall.from : sum),
      0,
    );
  }

  /** Which faults were on at a time or shortly before, for people. */
  around(time: number): string {
    const on = this.#inflicted.filter(
      ({ from, to }) => from <= time + 100 && time <= to + RECOVERY_MS,
    );
    if (on.length === 0) return 'no fault was on';
    return on
      .map(({ fault, to }) => {
        const ago = time - to;
        return ago > 0
          ? `${describeFault(fault)} (over for ${(ago / 1000).toFixed(1)} s)`
          : describeFault(fault);
      })
      .join('; ');
  }
}

/** Whether the fault concerns what the server has of one of the stores. */
function troubles(fault: Fault, server: number, store: 'postgres' | 'redis'): boolean {
  if (fault.kind === 'link') {
    return fault.store === store && (fault.server < 0 || fault.server === server);
  }
  if (fault.kind === 'vacuum-full') return store === 'postgres';
  return fault.kind.startsWith(`${store}-`);
}

/** Whether the fault keeps a server from using PostgreSQL or Redis. */
function hinders(fault: Fault, server: number): boolean {
  switch (fault.kind) {
    case 'server-kill':
    case 'server-stop':
      return fault.server === server;
    case 'link':
      return fault.server < 0 || fault.server === server;
    case 'clock-step':
    case 'certificates':
      return false;
    default:
      return true;
  }
}

function ableIntervals(inflicted: readonly Inflicted[], end: number): Interval[] {
  const moments = [
    0,
    ...inflicted.flatMap(({ from, to }) => [from, to + RECOVERY_MS]),
    end + 1e9,
  ].toSorted((a, b) => a - b);
  const able: Interval[] = [];
  for (let index = 0; index + 1 < moments.length; index += 1) {
    const [from, to] = [moments[index] as number, moments[index + 1] as number];
    const isAble = Array.from({ length: SERVERS }).some((_, server) =>
      inflicted.every(
        (each) => !hinders(each.fault, server) || each.to + RECOVERY_MS <= from || each.from >= to,
      ),
    );
    const last = able.at(-1);
    if (!isAble || from === to) continue;
    if (last?.to === from) able[able.length - 1] = { from: last.from, to };
    else able.push({ from, to });
  }
  return able;
}

function leftBehind(
  inflicted: readonly Inflicted[],
  server: number,
): (Interval & { readonly since: number })[] {
  const cut = inflicted.filter(({ fault }) => cutsPostgres(fault, server));
  return inflicted.flatMap((failover) => {
    const { promoted, arrived } = failover;
    if (promoted === undefined || arrived === undefined) return [];
    const arrival = arrived[server] ?? Number.POSITIVE_INFINITY;
    return cut.flatMap(({ from, to }) => {
      const both = { from: Math.max(from, promoted), to: Math.min(to, arrival) };
      if (both.from > both.to) return [];
      return [{ from: both.from, to: both.to + SETTLE_MS + SLACK_MS, since: promoted }];
    });
  });
}

function cutsPostgres(fault: Fault, server: number): boolean {
  switch (fault.kind) {
    case 'link':
      return fault.mode !== 'slow' && troubles(fault, server, 'postgres');
    case 'postgres-stop':
    case 'postgres-restart':
    case 'postgres-full':
      return true;
    default:
      return false;
  }
}
