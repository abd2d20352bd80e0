import type { RequestTemplate } from '../request-templates.ts';

/** Part of the load; parts of the same group are told as one. */
export interface Part {
  readonly group: string;
  readonly template: RequestTemplate;
  /** How many players the board has. */
  readonly players: number;
  /** Callers, each of which waits for its answer; 0 with a rate. */
  readonly callers: number;
  /** Calls a second to offer, whatever the answers; undefined with callers. */
  readonly rate: number | undefined;
}

export type ToOutageLoad =
  | {
      readonly kind: 'connect';
      readonly port: number;
      readonly certificates: string;
      readonly connections: number;
      /** Where the numbers of this process's submissions begin. */
      readonly firstSubmission: number;
    }
  /** Begins the load, in place of what it was before. */
  | { readonly kind: 'load'; readonly parts: readonly Part[] };

/** What one group did within one tick. */
export interface Tally {
  /** Milliseconds that each call that succeeded took; with a rate, from when it was due. */
  readonly latencies: readonly number[];
  /** Of those, how many were answered without the index. */
  readonly unranked: number;
  /** Calls that failed, by gRPC status; -4: not sent, because too many were open. */
  readonly failures: Readonly<Record<string, number>>;
}

/** What was answered since the tick before. */
export interface Tick {
  readonly kind: 'tick';
  /** Milliseconds since 1970. */
  readonly from: number;
  readonly to: number;
  readonly tallies: Readonly<Record<string, Tally>>;
}

export type FromOutageLoad =
  | { readonly kind: 'connected' }
  /** All calls of the load before have been answered. */
  | { readonly kind: 'loading' }
  | Tick
  | { readonly kind: 'failed'; readonly message: string };
