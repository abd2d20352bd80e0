import type { CallerBudget } from '../domain/caller-budget.js';
import type { Logger } from '../observability/log.js';
import type { MethodStats } from '../observability/method-stats.js';
import type { Connections } from './connections.js';
import type { Role } from './identity.js';
import type { GrpcLimits } from './limits.js';

/** What all methods of a server share. */
export interface CallEnvironment {
  readonly connections: Connections;
  readonly log: Logger;
  /** Bounds the bytes that were sent and not read. */
  readonly unsent: CallerBudget;
  /** Whether several messages of a stream may leave as one, see `FrameBatch`. */
  batchFrames: boolean;
  readonly limits: GrpcLimits;
  /** Whether the server is shutting down. New calls are refused then. */
  draining: boolean;
  /** Called when that begins. */
  readonly drainListeners: Set<() => void>;
}

/** One method of a running server. */
export interface Method {
  /** The full name, such as `/rostrum.v1.ScoreService/SubmitScore`. */
  readonly path: string;
  readonly role: Role;
  /** Whether it takes a stream of requests. */
  readonly requestStream: boolean;
  /** Whether it answers with a stream. */
  readonly responseStream: boolean;
  readonly stats: MethodStats;
  /** Serializes an answer: a message, or bytes that already are one. */
  readonly encode: (response: unknown) => Buffer;
  readonly environment: CallEnvironment;
}
