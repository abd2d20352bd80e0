import type grpc from '@grpc/grpc-js';
import { CallContext } from './call-context.js';
import { CallCancelled, toRostrumError, toServiceError } from './errors.js';
import { admit, bindable, type Method, requireDecoded } from './method.js';
import type { UndecodableRequest } from './service-definition.js';

/** Trailer of each unary answer: how long the server worked on it, in milliseconds. */
export const SERVER_MS_KEY = 'x-rostrum-server-ms';

/** Answers one request with one message, or with the bytes of one. Errors are thrown. */
export type UnaryHandler<Req, Res> = (
  request: Req,
  context: CallContext,
) => Res | Uint8Array | Promise<Res | Uint8Array>;

/**
 * Makes a unary gRPC handler: admits the caller, runs `handler`, maps what it throws, and counts.
 *
 * It is on the path of tens of thousands of calls a second: a handler that answers at once costs no
 * promise, and one that never looks at `context.signal` no AbortController.
 */
export function unary<Req, Res>(handler: UnaryHandler<Req, Res>): grpc.handleUnaryCall<Req, Res> {
  return bindable<grpc.handleUnaryCall<Req, Res>>((method) => (call, callback) => {
    const startMs = performance.now();
    method.stats.opened();
    const respond = responder<Res>(callback, method);

    let context: CallContext | undefined;
    const succeed = (value: Res | Uint8Array) => {
      const tookMs = performance.now() - startMs;
      context?.finish();
      method.stats.ended(false, tookMs);
      respond(null, value, new ServerTime(tookMs));
    };
    const fail = (error: unknown) => {
      context?.finish();
      method.stats.ended(true, performance.now() - startMs);
      if (error instanceof CallCancelled && call.cancelled) return;
      respond(refusal(error, method));
    };

    let result: Res | Uint8Array | Promise<Res | Uint8Array>;
    try {
      const connection = admit(call, method);
      const request = requireDecoded(call.request as Req | UndecodableRequest);
      context = new CallContext(call, connection, method);
      result = handler(request, context);
    } catch (error) {
      fail(error);
      return;
    }
    if (result instanceof Promise) result.then(succeed, fail);
    else succeed(result);
  });
}

type Respond<Res> = (
  error: Partial<grpc.StatusObject> | null,
  value?: Res | Uint8Array,
  trailer?: ServerTime,
) => void;

/** Sends an answer. It must not throw: after an await there is nobody to catch it. */
function responder<Res>(callback: grpc.sendUnaryData<Res>, method: Method): Respond<Res> {
  return (error, value, trailer) => {
    try {
      (callback as unknown as Respond<Res>)(error, value, trailer);
    } catch (fault) {
      toRostrumError(fault, method.path, method.environment.errors);
    }
  };
}

function refusal(error: unknown, method: Method): grpc.StatusObject {
  return toServiceError(toRostrumError(error, method.path, method.environment.errors));
}

/**
 * The trailers of an answer. grpc-js clones trailers and then turns them into headers; a
 * `grpc.Metadata` would check and copy a key and a value that need neither.
 */
class ServerTime {
  readonly #ms: number;

  constructor(ms: number) {
    this.#ms = ms;
  }

  clone(): this {
    return this;
  }

  toHttp2Headers(): Record<string, string> {
    return { [SERVER_MS_KEY]: this.#ms.toFixed(3) };
  }
}
