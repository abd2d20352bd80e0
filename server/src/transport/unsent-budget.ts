import { Allotment, type Cap } from '../domain/allotment.js';
import { RostrumError } from '../domain/errors.js';
import type { Connection } from './connections.js';

/** What grpc-js and Node keep for an answer besides its bytes, roughly. */
const OVERHEAD_BYTES = 512;

export interface UnsentLimits {
  /** Bytes that one connection may leave unread. One answer is let through whatever its size. */
  readonly connectionBytes: number;
  /** Bytes that all connections together may leave unread. */
  readonly totalBytes: number;
}

/**
 * Counts what was handed to HTTP/2 and has not left yet. A peer that does not read, or keeps its
 * flow-control window shut, makes the process hold every answer: Node's own `maxSessionMemory`
 * counts what a session is about to write, and not what waits in its streams for a window. Beyond
 * a limit, answers are replaced by OVERLOADED, which needs no window, and memory.
 */
export class UnsentBudget {
  readonly #limits: UnsentLimits;
  readonly #allotment: Allotment;

  constructor(limits: UnsentLimits, cap?: Cap) {
    this.#limits = limits;
    this.#allotment = new Allotment(limits.totalBytes, cap);
  }

  /** Bytes that all connections leave unread. */
  get used(): number {
    return this.#allotment.used;
  }

  /** Bytes that all connections may leave unread. */
  get total(): number {
    return this.#allotment.total;
  }

  /** What an identity may leave unread that leaves `held` unread now. */
  limitOf(held: number): number {
    return this.#allotment.limitOf(held);
  }

  /**
   * Before work is done for a connection: whether an answer could be handed over at all.
   *
   * @throws OVERLOADED
   */
  check(connection: Connection): void {
    if (connection.unsentBytes >= this.#limits.connectionBytes) throw this.#refuse(connection);
  }

  /**
   * Takes room for a message of `bytes`. Give the result to `release` when the message has left.
   *
   * @returns what was taken
   * @throws OVERLOADED
   */
  take(connection: Connection, bytes: number): number {
    const size = bytes + OVERHEAD_BYTES;
    const { of: identity, unsentBytes } = connection;
    const overConnection = unsentBytes > 0 && unsentBytes + size > this.#limits.connectionBytes;
    if (
      overConnection ||
      !this.#allotment.mayTake(identity.unsentBytes, size) ||
      !this.#allotment.connectionMayTake(unsentBytes, identity.unsentBytes, size)
    ) {
      throw this.#refuse(connection);
    }
    connection.unsentBytes = unsentBytes + size;
    identity.unsentBytes += size;
    this.#allotment.take(size);
    return size;
  }

  /** The message has left, or nobody waits for it any more. */
  release(connection: Connection, size: number): void {
    connection.unsentBytes -= size;
    connection.of.unsentBytes -= size;
    this.#allotment.release(size);
  }

  #refuse(connection: Connection): RostrumError {
    connection.of.refused += 1;
    return new RostrumError(
      'OVERLOADED',
      'this connection, or its identity, leaves as many bytes of answers unread as the server keeps; read them, or ask for less at a time',
      { metadata: { unread_bytes: String(connection.unsentBytes) }, retryAfterMs: 1_000 },
    );
  }
}
