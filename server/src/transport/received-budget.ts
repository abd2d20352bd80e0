import { Allotment, type Cap } from '../domain/allotment.js';
import type { Connection } from './connections.js';

export interface ReceivedLimits {
  /** Bytes of requests that are not complete, of one connection. */
  readonly connectionBytes: number;
  /** The same of all connections together. */
  readonly totalBytes: number;
}

/**
 * Counts what has been received of requests that are not complete: a peer that begins a thousand
 * requests of 4 MiB and holds back the last byte of each would have the process keep all of it.
 */
export class ReceivedBudget {
  readonly #connectionBytes: number;
  readonly #allotment: Allotment;

  constructor(limits: ReceivedLimits, cap?: Cap) {
    this.#connectionBytes = limits.connectionBytes;
    this.#allotment = new Allotment(limits.totalBytes, cap);
  }

  /** Bytes of all connections. */
  get used(): number {
    return this.#allotment.used;
  }

  /** Takes room for bytes. False: there is none; then nothing is taken, and the refusal is counted. */
  take(connection: Connection, bytes: number): boolean {
    const { of: identity, receivedBytes } = connection;
    if (
      receivedBytes + bytes > this.#connectionBytes ||
      !this.#allotment.mayTake(identity.receivedBytes, bytes) ||
      !this.#allotment.connectionMayTake(receivedBytes, identity.receivedBytes, bytes)
    ) {
      identity.refused += 1;
      return false;
    }
    connection.receivedBytes = receivedBytes + bytes;
    identity.receivedBytes += bytes;
    this.#allotment.take(bytes);
    return true;
  }

  /** The request is complete, or its call is over. */
  release(connection: Connection, bytes: number): void {
    connection.receivedBytes -= bytes;
    connection.of.receivedBytes -= bytes;
    this.#allotment.release(bytes);
  }
}
