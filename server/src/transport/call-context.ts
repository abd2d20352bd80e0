import type { Status } from '../gen/google/rpc/status.js';
import type { Connection } from './connections.js';
import type { Identity } from './identity.js';

/** What a handler may know about its call besides the request. */
export interface CallContext {
  /** Who calls. */
  readonly identity: Identity;
  /** Which connection the call came over. */
  readonly connection: Connection;
  /** When the caller stops waiting, in milliseconds since the epoch; Infinity if never. */
  readonly deadline: number;
  /** Whether the caller is gone or its deadline has passed: nobody waits for the answer. */
  readonly cancelled: boolean;
  /**
   * Aborts when the call is over and did not end with OK: the caller leaves, its deadline passes, or
   * the call fails. Created on first use, because most calls never need it.
   */
  readonly signal: AbortSignal;
  /** The status of one failed item of a result. The error is logged as if the call had failed with it. */
  toStatus(error: unknown): Status;
}
