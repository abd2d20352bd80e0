import type { Status } from '../gen/google/rpc/status.js';
import type { Connection } from './connections.js';
import { CallCancelled, toRostrumError, toStatus } from './errors.js';
import type { Identity } from './identity.js';
import type { Method } from './method.js';

/** The part that all kinds of grpc-js calls share. */
interface Call {
  readonly cancelled: boolean;
  getDeadline(): Date | number;
  on(event: 'cancelled', listener: () => void): unknown;
}

/** What a handler may know about its call besides the request. */
export class CallContext {
  /** Who calls. */
  readonly identity: Identity;
  /** The connection that the call came over. */
  readonly connection: Connection;
  readonly #method: Method;
  readonly #call: Call;
  #finished = false;
  #abort: AbortController | undefined;

  constructor(call: Call, connection: Connection, method: Method) {
    this.identity = connection.identity as Identity;
    this.connection = connection;
    this.#call = call;
    this.#method = method;
  }

  /** The full name of the method, such as `/rostrum.v1.ScoreService/SubmitScore`. */
  get method(): string {
    return this.#method.path;
  }

  /** When the caller stops waiting, in milliseconds since the epoch; Infinity if never. */
  get deadline(): number {
    return Number(this.#call.getDeadline());
  }

  /** Whether the caller is gone or its deadline has passed: nobody waits for the answer. */
  get cancelled(): boolean {
    return this.#call.cancelled;
  }

  /**
   * Aborts when the caller goes or its deadline passes before the call is over. Made when first
   * asked for: most calls never do.
   */
  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      const abort = new AbortController();
      this.#abort = abort;
      if (this.#call.cancelled) this.cancel();
      else this.#call.on('cancelled', () => this.cancel());
    }
    return this.#abort.signal;
  }

  /** An error as the status of one item of a result, logged as if the call had failed with it. */
  toStatus(error: unknown): Status {
    return toStatus(toRostrumError(error, this.#method.path, this.#method.environment.errors));
  }

  /** For the wrappers: the call is over, so its end is no cancellation. */
  finish(): void {
    this.#finished = true;
  }

  /** For the wrappers: the call was cut off. */
  cancel(): void {
    if (!this.#finished) this.#abort?.abort(new CallCancelled());
  }
}
