import type grpc from '@grpc/grpc-js';
import { type Answer, type Call, CallLife } from './call-life.js';
import type { Method } from './method.js';

type AnyHandler = grpc.UntypedHandleCall;
type CallOf<Handler extends AnyHandler> = Parameters<Handler>[0];

/** Does the work of a call that was let in. What it throws ends the call. */
type Work<Handler extends AnyHandler> = (call: CallOf<Handler>, life: CallLife) => void;

const work = Symbol('work');

/** Makes a handler that fits where grpc-js wants one; `GrpcServer.addService` gives it its method. */
export function handler<Handler extends AnyHandler>(toWork: Work<Handler>): Handler {
  const unbound = () => {
    throw new Error('this handler works only when added by GrpcServer.addService');
  };
  return Object.assign(unbound as unknown as Handler, { [work]: toWork });
}

/** Binds a handler to its method. @throws Error for one that the wrappers have not made. */
export function bindHandler(made: AnyHandler, method: Method): AnyHandler {
  if (!(work in made)) {
    throw new Error(`the handler of ${method.path} must be made by a wrapper such as unary()`);
  }
  return serve(method, made[work] as Work<AnyHandler>);
}

/** The one way by which calls come in. */
export function serve(method: Method, toWork: Work<AnyHandler>): AnyHandler {
  return (call: CallOf<AnyHandler>, answer?: unknown) => {
    const life = new CallLife(call as Call, method, answer as Answer | undefined);
    if (!life.isOpen) return;
    try {
      toWork(call, life);
    } catch (error) {
      life.fail(error);
    }
  };
}
