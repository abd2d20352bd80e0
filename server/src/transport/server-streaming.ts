import type grpc from '@grpc/grpc-js';
import type { CallContext } from './call-context.js';
import { handler } from './handler.js';
import { forgetRequestBytes } from './internals/call-stream.js';
import { ServerStream } from './server-stream.js';

/**
 * Answers one request with a stream. The stream ends with OK when the promise resolves and with an
 * error when it rejects, unless it has ended already. A handler that hands the stream over, for example
 * to a watch hub, returns `stream.closed`.
 */
export type ServerStreamingHandler<Req, Res> = (
  request: Req,
  stream: ServerStream<Res>,
  context: CallContext,
) => Promise<void>;

/** Makes a server-streaming gRPC handler. */
export function serverStreaming<Req, Res>(
  run: ServerStreamingHandler<Req, NoInfer<Res>>,
): grpc.handleServerStreamingCall<Req, Res> {
  return handler<grpc.handleServerStreamingCall<Req, Res>>((call, life) => {
    const stream = new ServerStream<Res>(call, life);
    forgetRequestBytes(call);
    run(call.request, stream, life).then(
      () => stream.end(),
      (error: unknown) => stream.end(error),
    );
  });
}
