import type grpc from '@grpc/grpc-js';
import type { RostrumError } from '../domain/errors.js';
import type { CallEnd } from '../observability/method-stats.js';
import type { Connection } from './connections.js';
import { CallCancelled, toRostrumError, toServiceError } from './errors.js';
import { FrameBatch } from './frame-batch.js';
import type { Method } from './method.js';
import { resetCall } from './reset-call.js';

type StreamingCall =
  | grpc.ServerWritableStream<unknown, unknown>
  | grpc.ServerDuplexStream<unknown, unknown>;

/**
 * The way back to the caller of a streaming call.
 *
 * Messages are queued when the caller does not read: stop writing when `write` returns false, and
 * go on after `drained()` or `onDrain`. The stream closes once, by `end`, by the caller, or with
 * its connection; after that, writing does nothing.
 */
export class ServerStream<Res> {
  readonly #call: StreamingCall;
  readonly #connection: Connection;
  readonly #method: Method;
  readonly #closeListeners: (() => void)[] = [];
  #drainListener: (() => void) | undefined;
  #drainWaiters: { resolve: () => void; reject: (error: Error) => void }[] = [];
  #grace: NodeJS.Timeout | undefined;
  #state: 'open' | 'ending' | 'closed' = 'open';
  #outcome: CallEnd = 'ok';
  /** What the queued messages take of the budget of unsent bytes. */
  #unsent = 0;

  /** For the wrappers. */
  constructor(call: StreamingCall, connection: Connection, method: Method) {
    this.#call = call;
    this.#connection = connection;
    this.#method = method;
    // grpc-js says `cancelled` at the end of every call, however it ends.
    call.once('cancelled', () => this.#close());
    call.on('drain', () => this.#drain());
  }

  /** Whether messages can still be written. */
  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /** Whether the stream is over: its status is out, or the caller is gone. */
  get isClosed(): boolean {
    return this.#state === 'closed';
  }

  /** How the call ended, once it has. */
  get outcome(): CallEnd {
    return this.#outcome;
  }

  /** Whether so much is queued that nothing more should be written until it is drained. */
  get writableNeedDrain(): boolean {
    return this.#call.writableNeedDrain;
  }

  /** Resolves when the stream is over, however it came to that. Never rejects. */
  get closed(): Promise<void> {
    return new Promise((resolve) => this.onClose(resolve));
  }

  /**
   * Sends a message, or the bytes of one. The same buffer may go to many streams; it must not
   * change afterwards. When the caller leaves too much unread for one more, the stream is ended as
   * OVERLOADED instead.
   *
   * @param onFlushed Called when it has left; not called when the stream closes before.
   * @returns Whether more may be written at once.
   */
  write(message: Res | Uint8Array, onFlushed?: () => void): boolean {
    if (this.#state !== 'open') return false;
    try {
      const bytes = this.#method.encode(message);
      return this.#write(bytes, bytes.byteLength, onFlushed);
    } catch (error) {
      this.end(error);
      return false;
    }
  }

  /**
   * Sends several messages, given as bytes, at the price of one.
   *
   * @param onFlushed Called when they have left; not called when the stream closes before.
   * @returns Whether more may be written at once.
   */
  writeMany(messages: readonly Uint8Array[], onFlushed?: () => void): boolean {
    if (this.#state !== 'open') return false;
    const batch = new FrameBatch(messages);
    try {
      return this.#write(batch, batch.byteLength, onFlushed);
    } catch (error) {
      this.end(error);
      return false;
    }
  }

  /** @throws OVERLOADED */
  #write(message: Uint8Array | FrameBatch, bytes: number, onFlushed?: () => void): boolean {
    const { unsent } = this.#method.environment;
    const size = unsent.take(this.#connection, bytes);
    this.#unsent += size;
    return this.#call.write(message, (error: unknown) => {
      // At the close all that is left was given back.
      if (this.#state === 'closed') return;
      this.#unsent -= size;
      unsent.release(this.#connection, size);
      if (error === null || error === undefined) onFlushed?.();
    });
  }

  /**
   * Resolves when more may be written.
   *
   * @throws CallCancelled when the stream is over or ends before; let it pass through the handler.
   */
  drained(): Promise<void> {
    if (this.#state !== 'open') return Promise.reject(new CallCancelled());
    if (!this.#call.writableNeedDrain) return Promise.resolve();
    return new Promise((resolve, reject) => this.#drainWaiters.push({ resolve, reject }));
  }

  /** Calls `listener` each time that more may be written after it could not. There is one. */
  onDrain(listener: () => void): void {
    this.#drainListener = listener;
  }

  /** Calls `listener` once when the stream is over; at once if it already is. */
  onClose(listener: () => void): void {
    if (this.#state === 'closed') listener();
    else this.#closeListeners.push(listener);
  }

  /**
   * Ends the call: with OK, or with an error. What is queued goes out first, then the status. A
   * caller that does not take both within the grace time loses the stream by a reset, which it
   * sees as RESOURCE_EXHAUSTED (UNAVAILABLE if that was the error) without details; HTTP/2 has no
   * way to hand a status past a full window.
   */
  end(error?: unknown): void {
    if (this.#state !== 'open') return;
    this.#state = 'ending';
    if (error !== undefined) this.#outcome = 'error';
    this.#rejectDrainWaiters();
    let shown: RostrumError | undefined;
    if (error === undefined) {
      this.#call.end();
    } else {
      shown = toRostrumError(error, this.#method.path, this.#method.environment.errors);
      this.#call.emit('error', toServiceError(shown));
    }
    this.#grace = setTimeout(
      () => resetCall(this.#call, this.#connection, shown),
      this.#method.environment.streamEndGraceMs,
    );
    this.#grace.unref();
  }

  #drain(): void {
    const waiters = this.#drainWaiters;
    this.#drainWaiters = [];
    for (const waiter of waiters) waiter.resolve();
    if (this.#state === 'open') this.#drainListener?.();
  }

  #close(): void {
    if (this.#state === 'closed') return;
    if (this.#state === 'open') this.#outcome = 'cancelled';
    this.#state = 'closed';
    this.#method.environment.unsent.release(this.#connection, this.#unsent);
    this.#unsent = 0;
    clearTimeout(this.#grace);
    this.#rejectDrainWaiters();
    for (const listener of this.#closeListeners.splice(0)) listener();
  }

  #rejectDrainWaiters(): void {
    const waiters = this.#drainWaiters;
    this.#drainWaiters = [];
    for (const waiter of waiters) waiter.reject(new CallCancelled());
  }
}
