import type grpc from '@grpc/grpc-js';
import type { CallContext } from './call-context.js';
import type { CallLife } from './call-life.js';
import { handler } from './handler.js';

/** Answers one request with one message, or with the bytes of one. Errors are thrown. */
export type UnaryHandler<Req, Res> = (
  request: Req,
  context: CallContext,
) => Res | Uint8Array | Promise<Res | Uint8Array>;

/**
 * Makes a unary gRPC handler. Tens of thousands of calls a second come this way, so a handler that
 * answers at once costs no promise, and one that does not use `context.signal` no AbortController.
 */
export function unary<Req, Res>(
  run: UnaryHandler<Req, NoInfer<Res>>,
): grpc.handleUnaryCall<Req, Res> {
  return handler<grpc.handleUnaryCall<Req, Res>>((call, life) => {
    const result = run(call.request, life);
    if (!(result instanceof Promise)) answer(life, result);
    else
      result.then(
        (value) => answer(life, value),
        (error: unknown) => life.fail(error),
      );
  });
}

/** Ends a unary call with an answer: a message, or the bytes of one. */
export function answer(life: CallLife, value: unknown): void {
  if (!life.isOpen) return;
  try {
    const bytes = life.method.encode(value);
    life.hold(bytes.byteLength);
    life.end(null, bytes);
  } catch (error) {
    life.fail(error);
  }
}
