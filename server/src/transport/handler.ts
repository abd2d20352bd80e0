import type grpc from '@grpc/grpc-js';
import { type Answer, type Call, CallLife } from './call-life.js';
import type { Method } from './method.js';

type AnyHandler = grpc.UntypedHandleCall;
type CallOf<Handler extends AnyHandler> = Parameters<Handler>[0];

/** Does the work of a call that was admitted. What it throws ends the call. */
type Work<Handler extends AnyHandler> = (call: CallOf<Handler>, life: CallLife) => void;

const work = Symbol('work');

/** Makes a handler of the type that grpc-js wants; `GrpcServer.addService` gives it its method. */
export function handler<Handler extends AnyHandler>(toWork: Work<Handler>): Handler {
  const unbound = () => {
    throw new Error('this handler works only when added by GrpcServer.addService');
  };
  return Object.assign(unbound as unknown as Handler, { [work]: toWork });
}

/** Binds a handler to its method. @throws Error if no wrapper made it */
export function bindHandler(made: AnyHandler, method: Method): AnyHandler {
  if (!(work in made)) {
    throw new Error(`the handler of ${method.path} must be made by a wrapper such as unary()`);
  }
  return serve(method, made[work] as Work<AnyHandler>);
}

/** Every call comes in through here. */
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
