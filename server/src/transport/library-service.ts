import type grpc from '@grpc/grpc-js';
import type { CallLife } from './call-life.js';
import { shuttingDown } from './errors.js';
import { serve } from './handler.js';
import type { Method } from './method.js';
import { answer } from './unary.js';

type StreamCall =
  | grpc.ServerWritableStream<unknown, unknown>
  | grpc.ServerDuplexStream<unknown, unknown>;
type LibraryAnswer = (error: Partial<grpc.StatusObject> | null, value?: unknown) => void;

/**
 * Gives the calls of a library's handler, which knows nothing of roles and shutdowns, the same life as
 * our own. Its streams end when the server shuts down, and a caller that does not read is not read from
 * either.
 */
export function libraryHandler(
  handler: grpc.UntypedHandleCall,
  method: Method,
): grpc.UntypedHandleCall {
  const run = handler as (call: unknown, respond?: LibraryAnswer) => void;
  if (!method.responseStream) {
    return serve(method, (call, life) =>
      run(call, (error, value) => {
        if (error === null) answer(life, value);
        else life.end(error);
      }),
    );
  }
  return serve(method, (call, life) => {
    boundWrites(call as StreamCall, life);
    life.onDrain(() => life.fail(shuttingDown()));
    run(call);
  });
}

/** Ends a stream whose caller leaves too much unread; until then, does not read from it either. */
function boundWrites(call: StreamCall, life: CallLife): void {
  const write = call.write.bind(call) as (bytes: Buffer, flushed: () => void) => boolean;
  call.write = (message: unknown) => {
    if (!life.isOpen) return true;
    try {
      const bytes = life.method.encode(message);
      const size = life.hold(bytes.byteLength);
      const more = write(bytes, () => life.release(size));
      if (!more && 'pause' in call) {
        call.pause();
        call.once('drain', () => call.resume());
      }
      return more;
    } catch (error) {
      life.fail(error);
      return true;
    }
  };
}
