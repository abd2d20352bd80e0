import type { LinkMode } from '../stage/link-proxy.ts';

export type Breaking = Exclude<LinkMode, 'pass'>;

/** One fault, as drawn from a seed or read from a file. Times in milliseconds. */
export type Fault = {
  readonly id: number;
  /** When it begins, after the start of the load. */
  readonly at: number;
  /** How long it lasts; healed at the end. */
  readonly lasts: number;
} & FaultKind;

export type FaultKind =
  | { readonly kind: 'server-kill' | 'server-stop'; readonly server: number }
  | {
      readonly kind: 'link';
      readonly store: 'postgres' | 'redis';
      /** -1: all. */
      readonly server: number;
      readonly mode: Breaking;
    }
  | { readonly kind: 'redis-stop' }
  | { readonly kind: 'redis-flush' }
  | { readonly kind: 'redis-lose'; readonly part: LosablePart }
  | { readonly kind: 'redis-restart'; readonly data: 'kept' | 'lost' }
  | {
      readonly kind: 'redis-failover';
      /** For how long the replica had got nothing when it is promoted; 0: a fresh one. */
      readonly stale: number;
      /** By server: how long after the promotion it gets there. */
      readonly arrivals: readonly number[];
      /** What becomes of connections to the old primary. */
      readonly open: 'reset' | 'frozen';
      /** Whether the old primary hangs from then on, or goes on as if nothing were. */
      readonly old: 'alive' | 'stopped';
    }
  | { readonly kind: 'postgres-stop' }
  | { readonly kind: 'postgres-restart'; readonly how: 'kill' | 'immediate' | 'fast' }
  | { readonly kind: 'postgres-full' }
  | { readonly kind: 'clock-step'; readonly seconds: number }
  | { readonly kind: 'vacuum-full' }
  | { readonly kind: 'certificates' };

/** Parts of a ranking's keys. */
export const LOSABLE_PARTS = [
  'meta',
  'order',
  'entries',
  'feed',
  'some-entries',
  'some-order',
  'all',
] as const;
export type LosablePart = (typeof LOSABLE_PARTS)[number];

export interface Schedule {
  readonly seed: number;
  /** How long the load goes on, in milliseconds. */
  readonly durationMs: number;
  /** When, about, a month ends by PostgreSQL's clock, as `at` of faults; absent: not soon. */
  readonly monthEndsAt?: number;
  readonly faults: readonly Fault[];
}

export const FAULT_KINDS = [
  'server-kill',
  'server-stop',
  'link',
  'redis-stop',
  'redis-flush',
  'redis-lose',
  'redis-restart',
  'redis-failover',
  'postgres-stop',
  'postgres-restart',
  'postgres-full',
  'clock-step',
  'vacuum-full',
  'certificates',
] as const satisfies readonly FaultKind['kind'][];

/** In one line, for people. */
export function describeFault(fault: Fault): string {
  return `#${fault.id} ${describeKind(fault)}`;
}

function describeKind(fault: Fault): string {
  switch (fault.kind) {
    case 'server-kill':
      return `server ${fault.server} killed and restarted`;
    case 'server-stop':
      return `server ${fault.server} stopped (SIGSTOP)`;
    case 'link': {
      const who = fault.server < 0 ? 'all servers' : `server ${fault.server}`;
      return `${fault.mode} link of ${who} to ${fault.store}`;
    }
    case 'redis-stop':
      return 'Redis stopped (SIGSTOP)';
    case 'redis-flush':
      return 'FLUSHALL';
    case 'redis-lose':
      return `Redis loses ${fault.part}`;
    case 'redis-restart':
      return `Redis killed and restarted, data ${fault.data}`;
    case 'redis-failover': {
      const replica = fault.stale === 0 ? 'fresh' : `${fault.stale} ms stale`;
      const arrivals = fault.arrivals.join('/');
      return `${replica} replica promoted, servers arrive after ${arrivals} ms, connections ${fault.open}, old primary ${fault.old}`;
    }
    case 'postgres-stop':
      return 'PostgreSQL stopped (SIGSTOP)';
    case 'postgres-restart':
      return `PostgreSQL ended (${fault.how}) and restarted`;
    case 'postgres-full':
      return "PostgreSQL's disk full";
    case 'clock-step':
      return `PostgreSQL's clock stepped by ${fault.seconds} s`;
    case 'vacuum-full':
      return 'VACUUM FULL';
    case 'certificates':
      return 'server certificate rotated';
  }
}
