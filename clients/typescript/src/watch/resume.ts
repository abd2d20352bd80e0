import { RostrumError } from '../errors/rostrum-error.js';
import { Backoff } from '../transport/backoff.js';
import type { Connection, Method } from '../transport/connection.js';
import { reopenWaitMs } from '../transport/retry-decision.js';
import { readServerStream } from '../transport/server-stream.js';
import { sleep } from '../transport/sleep.js';
import type { WatchOptions } from './watch.js';

export interface ResumableWatch<Request, Response> {
  readonly method: Method<Request, Response>;
  /** Makes the request that goes on after a token; empty starts anew. */
  readonly request: (resumeToken: string) => Request;
  readonly resumeToken: string;
  /**
   * Whether a watch whose token the server no longer takes may start anew, because it then begins
   * with a snapshot and nothing is missed silently.
   */
  readonly restartable: boolean;
}

/** A message of a watch, and whether the watch had to start anew since the one before. */
export interface Resumed<Response> {
  readonly message: Response;
  readonly restarted: boolean;
}

/**
 * Reads a watch and opens it again after the last message read, whenever it is lost, for as long as
 * it takes. Only the first connection has a limit: the client's default deadline. An interruption
 * lasts from the loss of a watch that was live until the next message, however often it is tried.
 */
export async function* resumeWatch<Request, Response extends { readonly resumeToken: string }>(
  connection: Connection,
  watch: ResumableWatch<Request, Response>,
  options: WatchOptions,
): AsyncGenerator<Resumed<Response>, void, undefined> {
  const { settings } = connection;
  const { signal } = options;
  const backoff = new Backoff(settings.retry);
  let connectBy = Date.now() + settings.defaultDeadlineMs;
  let token = watch.resumeToken;
  let restarted = false;
  let state: 'connecting' | 'live' | 'interrupted' = 'connecting';
  for (;;) {
    let failure: unknown;
    try {
      const request = watch.request(token);
      for await (const message of readServerStream(connection, watch.method, request, { signal })) {
        backoff.reset();
        connectBy = Number.POSITIVE_INFINITY;
        token = message.resumeToken || token;
        if (state !== 'live') {
          state = 'live';
          options.onLive?.();
        }
        yield { message, restarted };
        restarted = false;
      }
      failure = new RostrumError('UNAVAILABLE', 'CONNECTION_FAILED', 'the server ended the watch');
    } catch (error) {
      failure = error;
    }
    if (!(failure instanceof RostrumError)) throw failure;
    let leastMs = reopenWaitMs(failure);
    if (watch.restartable && token !== watch.resumeToken && isTokenRefusal(failure)) {
      token = '';
      restarted = true;
      leastMs = 0;
    }
    if (failure.reason === 'CONNECTION_FAILED') {
      const explained = await connection.explain();
      failure = explained?.error ?? failure;
      if (explained?.permanent) throw failure;
    }
    if (options.awaitLeaderboard && state === 'connecting' && isMissing(failure)) {
      leastMs = 0;
      // The server has answered.
      connectBy = Number.POSITIVE_INFINITY;
    }
    if (leastMs === undefined) throw failure;
    const waitMs = backoff.next(leastMs);
    if (Date.now() + waitMs >= connectBy) throw failure;
    if (state === 'live') {
      state = 'interrupted';
      options.onInterrupted?.(failure as RostrumError, waitMs);
    }
    await sleep(waitMs, signal, connection.closing);
  }
}

function isMissing(failure: unknown): boolean {
  return failure instanceof RostrumError && failure.reason === 'LEADERBOARD_NOT_FOUND';
}

function isTokenRefusal(error: RostrumError): boolean {
  return error.reason === 'INVALID_RESUME_TOKEN' || error.reason === 'RESUME_TOKEN_EXPIRED';
}
