import { Allotment } from '../domain/allotment.js';
import type { Connection } from './connections.js';

/** Bounds the bytes that the process keeps for its callers: of each connection and identity, and in all. */
export class ByteBudget {
  readonly #held: 'unsentBytes' | 'receivedBytes';
  readonly #connectionBytes: number;
  readonly #allotment: Allotment;

  /**
   * @param held where connections and identities keep what they hold
   * @param connectionBytes of one connection; what comes first is let through whatever its size
   */
  constructor(held: 'unsentBytes' | 'receivedBytes', connectionBytes: number, totalBytes: number) {
    this.#held = held;
    this.#connectionBytes = connectionBytes;
    this.#allotment = new Allotment(totalBytes);
  }

  /** Bytes of all connections. */
  get used(): number {
    return this.#allotment.used;
  }

  /** What an identity may hold that holds `held` now. */
  limitOf(held: number): number {
    return this.#allotment.limitOf(held);
  }

  /** Whether a connection holds all that it may. */
  isFull(connection: Connection): boolean {
    return connection[this.#held] >= this.#connectionBytes;
  }

  /** Takes room for bytes. False: there is none, and nothing is taken. */
  take(connection: Connection, bytes: number): boolean {
    const { of: identity } = connection;
    const held = connection[this.#held];
    const heldByIdentity = identity[this.#held];
    if (
      (held > 0 && held + bytes > this.#connectionBytes) ||
      !this.#allotment.mayTake(heldByIdentity, bytes) ||
      !this.#allotment.connectionMayTake(held, heldByIdentity, bytes)
    ) {
      return false;
    }
    connection[this.#held] = held + bytes;
    identity[this.#held] = heldByIdentity + bytes;
    this.#allotment.take(bytes);
    return true;
  }

  release(connection: Connection, bytes: number): void {
    connection[this.#held] -= bytes;
    connection.of[this.#held] -= bytes;
    this.#allotment.release(bytes);
  }
}
