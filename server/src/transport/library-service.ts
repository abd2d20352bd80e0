import type grpc from '@grpc/grpc-js';
import type { Connection } from './connections.js';
import { toRostrumError, toServiceError } from './errors.js';
import { admit, type Method, requireDecoded, shuttingDown } from './method.js';
import type { UndecodableRequest } from './service-definition.js';

type AnyCall = grpc.ServerUnaryCall<unknown, unknown> | StreamCall;
type StreamCall =
  | grpc.ServerWritableStream<unknown, unknown>
  | grpc.ServerDuplexStream<unknown, unknown>;

/**
 * Puts a handler of a library, which knows nothing of roles and shutting down, behind the same
 * checks as our own: roles, shutting down, requests that cannot be decoded. Its streams are ended
 * when the server shuts down, and one whose caller does not read is not read from either.
 */
export function guardLibraryHandler(
  handler: grpc.UntypedHandleCall,
  streaming: boolean,
  method: Method,
): grpc.UntypedHandleCall {
  const { environment, stats } = method;
  const refusal = (error: unknown) =>
    toServiceError(toRostrumError(error, method.path, environment.errors));
  const run = handler as (call: AnyCall, callback: unknown) => void;

  if (!streaming) {
    const guarded: grpc.handleUnaryCall<unknown, unknown> = (call, callback) => {
      const startMs = performance.now();
      stats.opened();
      const done = (end: 'ok' | 'error') => stats.ended(end, performance.now() - startMs);
      try {
        admit(call, method);
        requireDecoded(call.request as UndecodableRequest);
        run(call, (error: Partial<grpc.StatusObject> | null, value: unknown) => {
          done(error === null ? 'ok' : 'error');
          callback(error, value);
        });
      } catch (error) {
        done('error');
        callback(refusal(error));
      }
    };
    return guarded;
  }

  return (call: StreamCall) => {
    stats.opened();
    try {
      const connection = admit(call, method);
      if ('request' in call) requireDecoded(call.request as UndecodableRequest);
      countUnsent(call, connection, method);
    } catch (error) {
      stats.ended('error', undefined);
      call.emit('error', refusal(error));
      return;
    }
    const endForDrain = () => call.emit('error', toServiceError(shuttingDown()));
    environment.drainListeners.add(endForDrain);
    let failed = false;
    call.once('error', () => {
      failed = true;
    });
    // grpc-js says it at the end of every call; one that the server ended has no more to write.
    call.once('cancelled', () => {
      environment.drainListeners.delete(endForDrain);
      const ended = call.writableEnded ? 'ok' : 'cancelled';
      stats.ended(failed ? 'error' : ended, undefined);
    });
    if ('pause' in call) pauseWhileFull(call);
    run(call, undefined);
  };
}

/** Ends a stream whose caller leaves too much unread. */
function countUnsent(call: StreamCall, connection: Connection, method: Method): void {
  const { errors, unsent } = method.environment;
  const write = call.write.bind(call) as (bytes: Buffer, flushed: () => void) => boolean;
  let held = 0;
  call.write = (message: unknown) => {
    try {
      const bytes = method.encode(message);
      const size = unsent.take(connection, bytes.byteLength);
      held += size;
      return write(bytes, () => {
        if (held === 0) return;
        held -= size;
        unsent.release(connection, size);
      });
    } catch (error) {
      call.emit('error', toServiceError(toRostrumError(error, method.path, errors)));
      return true;
    }
  };
  call.once('cancelled', () => {
    unsent.release(connection, held);
    held = 0;
  });
}

function pauseWhileFull(call: grpc.ServerDuplexStream<unknown, unknown>): void {
  const write = call.write.bind(call) as (message: unknown) => boolean;
  call.write = (message: unknown) => {
    const more = write(message);
    if (!more) {
      call.pause();
      call.once('drain', () => call.resume());
    }
    return more;
  };
}
