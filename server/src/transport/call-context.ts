import type { Status } from '../gen/google/rpc/status.js';
import type { Connection } from './connections.js';
import type { Identity } from './identity.js';

/** What a handler may know about its call besides the request. */
export interface CallContext {
  /** Who calls. */
  readonly identity: Identity;
  /** The connection that the call came over. */
  readonly connection: Connection;
  /** When the caller stops waiting, in milliseconds since the epoch; Infinity if never. */
  readonly deadline: number;
  /** Whether the caller is gone or its deadline has passed: nobody waits for the answer. */
  readonly cancelled: boolean;
  /**
   * Aborts when the call is over otherwise than with OK: the caller goes, its deadline passes, or
   * the call has failed. Made when first asked for: most calls never do.
   */
  readonly signal: AbortSignal;
  /** An error as the status of one item of a result, logged as if the call had failed with it. */
  toStatus(error: unknown): Status;
}
