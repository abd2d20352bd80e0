import type grpc from '@grpc/grpc-js';
import { RostrumError } from '../domain/errors.js';
import type { MethodStats } from '../observability/method-stats.js';
import { authorize } from './authorization.js';
import type { Connection, Connections } from './connections.js';
import type { ErrorListener } from './errors.js';
import type { Role } from './identity.js';
import { UndecodableRequest } from './service-definition.js';
import type { UnsentBudget } from './unsent-budget.js';

/** What all methods of a server share. */
export interface CallEnvironment {
  readonly connections: Connections;
  readonly errors: ErrorListener;
  /** Bounds what is sent and not read. */
  readonly unsent: UnsentBudget;
  /** How long a stream that was ended may take to hand over what is queued, in milliseconds. */
  readonly streamEndGraceMs: number;
  /** How long a caller may take to read a large unary answer, in milliseconds. */
  readonly answerGraceMs: number;
  /** Whether the server is shutting down: new calls are refused. */
  draining: boolean;
  /** Called when that begins. */
  readonly drainListeners: Set<() => void>;
}

/** One method of a running server. */
export interface Method {
  /** The full name, such as `/rostrum.v1.ScoreService/SubmitScore`. */
  readonly path: string;
  readonly role: Role;
  readonly stats: MethodStats;
  /** Serializes an answer: a message, or bytes that already are one. */
  readonly encode: (response: unknown) => Buffer;
  readonly environment: CallEnvironment;
}

type AnyHandler = grpc.UntypedHandleCall;

const bind = Symbol('bind');

/**
 * A handler as a feature makes it: it fits where grpc-js wants one, and learns which method of
 * which server it serves when `GrpcServer.addService` binds it.
 */
interface Bindable {
  readonly [bind]: (method: Method) => AnyHandler;
}

/** Makes a handler that is bound to its method when it is added to a server. */
export function bindable<Handler extends AnyHandler>(
  toHandler: (method: Method) => Handler,
): Handler {
  const unbound = () => {
    throw new Error('this handler works only when added by GrpcServer.addService');
  };
  return Object.assign(unbound as unknown as Handler, { [bind]: toHandler } satisfies Bindable);
}

/** Binds a handler to its method. @throws Error for one that the wrappers have not made. */
export function bindHandler(handler: AnyHandler | undefined, method: Method): AnyHandler {
  if (handler === undefined) throw new Error(`no handler for ${method.path}`);
  if (!(bind in handler)) {
    throw new Error(`the handler of ${method.path} must be made by a wrapper such as unary()`);
  }
  return (handler as unknown as Bindable)[bind](method);
}

/**
 * Admits a call: the caller's role suffices, the server is not shutting down, and somebody still
 * waits for the answer and reads what came before.
 *
 * @throws IDENTITY_MISSING, ROLE_NOT_ALLOWED, SHUTTING_DOWN, DEADLINE_EXCEEDED, OVERLOADED
 */
export function admit(
  call: { getPeer(): string; getDeadline(): Date | number },
  method: Method,
): Connection {
  const connection = method.environment.connections.find(call.getPeer());
  authorize(connection, method.role);
  if (method.environment.draining) throw shuttingDown();
  const deadline = Number(call.getDeadline());
  if (deadline !== Number.POSITIVE_INFINITY && deadline <= Date.now()) {
    throw new RostrumError('DEADLINE_EXCEEDED', 'the deadline passed before the work began');
  }
  method.environment.unsent.check(connection as Connection);
  return connection as Connection;
}

/** @throws INVALID_FIELD for a request whose bytes are not a message. */
export function requireDecoded<Req>(request: Req | UndecodableRequest): Req {
  if (request instanceof UndecodableRequest) throw request.error;
  return request;
}

/** UNAVAILABLE: the server is shutting down. */
export function shuttingDown(metadata: Readonly<Record<string, string>> = {}): RostrumError {
  return new RostrumError('SHUTTING_DOWN', 'the server is shutting down; call another or retry', {
    metadata,
    retryAfterMs: 500,
  });
}
