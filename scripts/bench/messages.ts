import type { RequestTemplate } from './request-templates.ts';

export type Transport = 'tls' | 'plaintext';

/**
 * `library`: the gRPC library that callers in Node use; `go`: the one of callers in Go, which is
 * tools/bench-load.
 */
export const LOAD_CLIENTS = ['library', 'go'] as const;
export type LoadClient = (typeof LOAD_CLIENTS)[number];

/** Mutual TLS is always there. */
export type Ports = Readonly<{ tls: number } & Partial<Record<Transport, number>>>;

/** Asks a load process to connect. tools/bench-load knows these messages too. */
export interface Connect {
  readonly kind: 'connect';
  /** Of each transport that is used. */
  readonly ports: Ports;
  /** Holds `ca.crt`, `admin.crt` and `admin.key`. */
  readonly certificates: string;
  /** How many connections of each transport. */
  readonly connections: number;
  readonly players: number;
  /** Where the numbers of this process's submissions begin. */
  readonly firstSubmission: number;
}

/** Asks it to make load. Times are in milliseconds. */
export interface Run {
  readonly kind: 'run';
  readonly template: RequestTemplate;
  readonly transport: Transport;
  /** Callers, each of which waits for its answer; with a rate, the calls that may be open. */
  readonly callers: number;
  /** Submissions that each streaming caller has under way. */
  readonly streamWindow: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
  /** Calls a second to offer, whatever the answers; undefined: as many as the callers can make. */
  readonly rate: number | undefined;
}

/** Asks it to make one call, with the request as the template has it. */
export interface Probe {
  readonly kind: 'probe';
  readonly template: RequestTemplate;
}

export type ToLoad = Connect | Run | Probe;

export interface Result {
  readonly kind: 'result';
  /** Calls or submissions that were answered in the time measured. */
  readonly count: number;
  readonly elapsedMs: number;
  /** Percentiles of the latency in milliseconds; for a fixed rate, from the intended send time. */
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  /** Submissions acknowledged since this began, warm-up and tail included. */
  readonly acknowledged: number;
  /** What went wrong, by gRPC status; empty if nothing did. */
  readonly failures: Readonly<Record<string, number>>;
}

export type FromLoad =
  | { readonly kind: 'connected' }
  /** The warm-up is over, and then: the time measured is over. */
  | { readonly kind: 'begun' }
  | { readonly kind: 'ended' }
  | Result
  /** The answer's message, in base64. */
  | { readonly kind: 'probed'; readonly answer: string }
  | { readonly kind: 'failed'; readonly message: string };

export type ToServer =
  | { readonly kind: 'startProfile' }
  | { readonly kind: 'stopProfile'; readonly file: string }
  | { readonly kind: 'stop' };

export type FromServer =
  | { readonly kind: 'ready'; readonly ports: Readonly<Record<Transport, number>> }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly message: string };
