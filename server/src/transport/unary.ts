import type grpc from '@grpc/grpc-js';
import { CallContext } from './call-context.js';
import type { Connection } from './connections.js';
import { CallCancelled, toRostrumError, toServiceError } from './errors.js';
import { admit, bindable, type Method, requireDecoded } from './method.js';
import { resetCall } from './reset-call.js';
import type { UndecodableRequest } from './service-definition.js';
import type { UnsentBudget } from './unsent-budget.js';

/** Trailer of each unary answer: how long the server worked on it, in milliseconds, two digits. */
export const SERVER_MS_KEY = 'x-rostrum-server-ms';

/** Answers of this many bytes are not left waiting for a caller that does not take them. */
const WATCHED_ANSWER_BYTES = 16 * 1024;

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
    const respond: Respond = (error, bytes, trailers) => {
      try {
        (callback as unknown as Respond)(error, bytes, trailers);
      } catch (fault) {
        // After an await nobody else would catch it, and it would end the process.
        method.environment.errors.fault('', fault, method.path);
      }
    };

    let context: CallContext | undefined;
    const fail = (error: unknown) => {
      context?.finish();
      const givenUp = error instanceof CallCancelled && call.cancelled;
      method.stats.ended(givenUp ? 'cancelled' : 'error', performance.now() - startMs);
      if (givenUp) return;
      respond(toServiceError(toRostrumError(error, method.path, method.environment.errors)));
    };
    const succeed = (value: Res | Uint8Array) => {
      let bytes: Buffer;
      try {
        bytes = method.encode(value);
      } catch (error) {
        fail(error);
        return;
      }
      if (context !== undefined && !call.cancelled) {
        try {
          holdUntilRead(call, context.connection, bytes.byteLength, method.environment.unsent);
        } catch (error) {
          fail(error);
          return;
        }
      }
      const tookMs = performance.now() - startMs;
      context?.finish();
      method.stats.ended(call.cancelled ? 'cancelled' : 'ok', tookMs);
      respond(null, bytes, new ServerTime(tookMs));
      if (bytes.byteLength >= WATCHED_ANSWER_BYTES) resetUnlessTaken(call, context, method);
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

/** What grpc-js takes as an answer. */
type Respond = (
  error: Partial<grpc.StatusObject> | null,
  value?: Buffer,
  trailer?: ServerTime,
) => void;

/**
 * Counts an answer until the call is over, which grpc-js says as `cancelled` however it ends.
 *
 * @throws OVERLOADED
 */
function holdUntilRead(
  call: grpc.ServerUnaryCall<unknown, unknown>,
  connection: Connection,
  bytes: number,
  unsent: UnsentBudget,
): void {
  const size = unsent.take(connection, bytes);
  call.on('cancelled', () => unsent.release(connection, size));
}

/** A caller that asks for much and does not read it would hold the memory of every answer. */
function resetUnlessTaken(
  call: grpc.ServerUnaryCall<unknown, unknown>,
  context: CallContext | undefined,
  method: Method,
): void {
  if (context === undefined || call.cancelled) return;
  const { connection } = context;
  const timer = setTimeout(() => resetCall(call, connection), method.environment.answerGraceMs);
  timer.unref();
  call.once('cancelled', () => clearTimeout(timer));
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
    return { [SERVER_MS_KEY]: twoDigits(this.#ms) };
  }
}

const HUNDREDTHS = Array.from({ length: 100 }, (_, index) => (index / 100).toFixed(2));
const TENTHS = Array.from({ length: 100 }, (_, index) => (index / 10).toFixed(1));

/**
 * Milliseconds with two digits that count, and at most two behind the point. So values come again, and
 * HTTP/2 sends most of them as one byte: each that it has not seen costs it an entry of its table.
 */
export function twoDigits(ms: number): string {
  if (ms < 0.995) return HUNDREDTHS[Math.round(ms * 100)] as string;
  if (ms < 9.95) return TENTHS[Math.round(ms * 10)] as string;
  let unit = 1;
  while (ms >= 99.5 * unit) unit *= 10;
  return (Math.round(ms / unit) * unit).toString();
}
