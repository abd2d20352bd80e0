import type grpc from '@grpc/grpc-js';
import { CallContext } from './call-context.js';
import { CallCancelled, toRostrumError, toServiceError } from './errors.js';
import { admit, bindable, requireDecoded } from './method.js';
import { ServerStream } from './server-stream.js';
import type { UndecodableRequest } from './service-definition.js';

/**
 * Answers one request with a stream. The stream ends with OK when the promise resolves and with an
 * error when it rejects, unless it was ended before. A handler that gives the stream to another
 * part, such as a watch hub, returns `stream.closed`.
 */
export type ServerStreamingHandler<Req, Res> = (
  request: Req,
  stream: ServerStream<Res>,
  context: CallContext,
) => Promise<void>;

/** Makes a server-streaming gRPC handler: admits the caller, maps errors, cleans up, and counts. */
export function serverStreaming<Req, Res>(
  handler: ServerStreamingHandler<Req, Res>,
): grpc.handleServerStreamingCall<Req, Res> {
  return bindable<grpc.handleServerStreamingCall<Req, Res>>((method) => async (call) => {
    method.stats.opened();
    let stream: ServerStream<Res>;
    let context: CallContext;
    let request: Req;
    try {
      const connection = admit(call, method);
      request = requireDecoded(call.request as Req | UndecodableRequest);
      stream = new ServerStream<Res>(call, connection, method);
      context = new CallContext(call, connection, method);
    } catch (error) {
      method.stats.ended('error', undefined);
      const { errors } = method.environment;
      call.emit('error', toServiceError(toRostrumError(error, method.path, errors)));
      return;
    }
    stream.onClose(() => {
      if (stream.outcome === 'ok') context.finish();
      method.stats.ended(stream.outcome, undefined);
    });
    try {
      await handler(request, stream, context);
      stream.end();
    } catch (error) {
      if (error instanceof CallCancelled && !stream.isOpen) return;
      stream.end(error);
    }
  });
}
