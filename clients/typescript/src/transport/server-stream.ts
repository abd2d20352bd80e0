import { requireKnownOptions } from '../errors/require-known-keys.js';
import { RostrumError } from '../errors/rostrum-error.js';
import { CALL_OPTIONS, type CallOptions, deadlineAfter } from './call-options.js';
import type { Connection, Method } from './connection.js';

/**
 * The messages of one server-streaming call. The call is read only as fast as the loop asks, so
 * that a slow reader slows the server and not fills memory; leaving the loop cancels the call.
 * @throws RostrumError, or the signal's reason
 */
export async function* readServerStream<Request, Response>(
  connection: Connection,
  method: Method<Request, Response>,
  request: Request,
  { deadlineMs, signal }: CallOptions = {},
): AsyncGenerator<Response, void, undefined> {
  signal?.throwIfAborted();
  const deadline = deadlineMs === undefined ? undefined : deadlineAfter(deadlineMs);
  const stream = connection.openServerStream(method, request, deadline);
  const cancel = (): void => stream.cancel();
  signal?.addEventListener('abort', cancel);
  // A call that is cancelled below ends with an error event after nobody reads it any more.
  stream.on('error', () => {});
  try {
    for await (const message of stream as AsyncIterable<Response>) {
      if (signal?.aborted || connection.closing.aborted)
        throw connection.failure(undefined, signal);
      connection.noteAnswer();
      yield message;
    }
  } catch (error) {
    throw connection.failure(error, signal);
  } finally {
    signal?.removeEventListener('abort', cancel);
    stream.cancel();
  }
}

/** As `readServerStream`, for calls that are not opened again: says why a server cannot be reached. */
export async function* readServerStreamOnce<Request, Response>(
  connection: Connection,
  method: Method<Request, Response>,
  request: Request,
  options?: CallOptions,
): AsyncGenerator<Response, void, undefined> {
  requireKnownOptions(CALL_OPTIONS, options);
  try {
    yield* readServerStream(connection, method, request, options);
  } catch (error) {
    const lost = error instanceof RostrumError && error.reason === 'CONNECTION_FAILED';
    throw (lost && (await connection.explain())?.error) || error;
  }
}
