import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import grpc from '@grpc/grpc-js';
import { AdminServiceClient } from '../../../../clients/typescript/dist/gen/rostrum/v1/admin.js';
import { LeaderboardServiceClient } from '../../../../clients/typescript/dist/gen/rostrum/v1/leaderboard.js';
import { ScoreServiceClient } from '../../../../clients/typescript/dist/gen/rostrum/v1/score.js';
import {
  type Standing,
  StandingServiceClient,
} from '../../../../clients/typescript/dist/gen/rostrum/v1/standing.js';
import { WatchServiceClient } from '../../../../clients/typescript/dist/gen/rostrum/v1/watch.js';
import { playerNumber } from '../boards.ts';
import { ROW, type Rows } from '../history.ts';

/** Shorter than most faults, so that a caller goes on with another server. */
export const CALL_MS = 3_000;

/** The services of one server, over one connection of our own. */
export interface Caller {
  readonly server: number;
  readonly scores: ScoreServiceClient;
  readonly standings: StandingServiceClient;
  readonly watch: WatchServiceClient;
  readonly admin: AdminServiceClient;
  readonly leaderboards: LeaderboardServiceClient;
  close(): void;
}

/** The generated stubs and no more: nothing retries, and every error comes as it is. */
export function openCaller(
  server: number,
  address: string,
  directory: string,
  identity: 'admin' | 'writer' | 'reader',
): Caller {
  const file = (name: string) => readFileSync(join(directory, name));
  const credentials = grpc.credentials.createSsl(
    file('ca.crt'),
    file(`${identity}.key`),
    file(`${identity}.crt`),
  );
  const options = {
    'grpc.use_local_subchannel_pool': 1,
    'grpc.enable_retries': 0,
    'grpc.enable_channelz': 0,
    'grpc.initial_reconnect_backoff_ms': 50,
    'grpc.min_reconnect_backoff_ms': 50,
    'grpc.max_reconnect_backoff_ms': 400,
    // Node refuses an IP address as the TLS server name that grpc-js would send.
    'grpc.ssl_target_name_override': 'localhost',
  };
  const scores = new ScoreServiceClient(address, credentials, options);
  const shared = { ...options, channelOverride: scores.getChannel() };
  return {
    server,
    scores,
    standings: new StandingServiceClient(address, credentials, shared),
    watch: new WatchServiceClient(address, credentials, shared),
    admin: new AdminServiceClient(address, credentials, shared),
    leaderboards: new LeaderboardServiceClient(address, credentials, shared),
    close: () => scores.close(),
  };
}

/** A call's result, or its error. */
export type Result<T> = { readonly ok: T } | { readonly error: grpc.ServiceError };

/** Makes a unary call with the usual deadline; never rejects. */
export function unary<Q, A>(
  client: grpc.Client,
  method: (
    request: Q,
    metadata: grpc.Metadata,
    options: grpc.CallOptions,
    done: (error: grpc.ServiceError | null, answer: A) => void,
  ) => grpc.ClientUnaryCall,
  request: Q,
  deadlineMs = CALL_MS,
): Promise<Result<A>> {
  return new Promise((resolve) => {
    const options = { deadline: Date.now() + deadlineMs };
    method.call(client, request, new grpc.Metadata(), options, (error, answer) =>
      resolve(error === null ? { ok: answer } : { error }),
    );
  });
}

export function codeOf(error: grpc.ServiceError): string {
  const code = grpc.status[error.code] ?? String(error.code);
  // What grpc-js makes of a connection that is reset under a call.
  return code === 'INTERNAL' && /RST_STREAM|ECONNRESET|Connection dropped/.test(error.details)
    ? 'UNAVAILABLE'
    : code;
}

/** Errors that say "try again": nothing is wrong with the answer. */
export function isPassing(code: string): boolean {
  return ['UNAVAILABLE', 'DEADLINE_EXCEEDED', 'RESOURCE_EXHAUSTED', 'CANCELLED'].includes(code);
}

export function rowsOf(standings: readonly (Standing | undefined)[]): Rows {
  const rows = new Float64Array(standings.length * ROW);
  standings.forEach((standing, index) => {
    if (standing === undefined) return;
    const { rank, playerId, submissions, score, subscore } = standing;
    rows.set([rank, playerNumber(playerId), submissions, score, subscore], index * ROW);
  });
  return rows;
}
