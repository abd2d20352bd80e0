import type grpc from '@grpc/grpc-js';
import type { CallLife } from './call-life.js';
import { CallCancelled } from './errors.js';
import { FrameBatch } from './internals/frame-batch.js';

type StreamingCall =
  | grpc.ServerWritableStream<unknown, unknown>
  | grpc.ServerDuplexStream<unknown, unknown>;

/**
 * What a streaming call sends to its caller.
 *
 * Messages queue up while the caller does not read: stop writing when `write` returns false, and go on
 * after `drained()`. The stream closes once, by `end`, by the caller, or with its connection. After
 * that, writing does nothing.
 */
export class ServerStream<Res> {
  #waiting: (() => void)[] = [];

  /** For the wrappers. */
  constructor(
    private readonly call: StreamingCall,
    private readonly life: CallLife,
  ) {
    call.on('drain', () => this.#wake());
    life.onOver(() => this.#wake());
  }

  /** Whether messages can still be written. */
  get isOpen(): boolean {
    return this.life.isOpen;
  }

  /** Resolves when the stream is over, however it ended. Never rejects. */
  get closed(): Promise<void> {
    return new Promise((resolve) => this.onClose(resolve));
  }

  /**
   * Sends a message, or the bytes of one. The same buffer may go to many streams; it must not change
   * afterwards. If the caller leaves too much unread, the stream is ended with OVERLOADED instead.
   *
   * @param onFlushed called when it has been sent; not called if the stream closes first
   * @returns whether more may be written at once
   */
  write(message: Res | Uint8Array, onFlushed?: () => void): boolean {
    if (!this.isOpen) return false;
    try {
      const bytes = this.life.method.encode(message);
      return this.#write(bytes, bytes.byteLength, onFlushed);
    } catch (error) {
      this.end(error);
      return false;
    }
  }

  /**
   * Sends several messages, given as bytes, at the price of one.
   *
   * @param onFlushed called when they have been sent; not called if the stream closes first
   * @returns whether more may be written at once
   */
  writeMany(messages: readonly Uint8Array[], onFlushed?: () => void): boolean {
    if (!this.isOpen) return false;
    try {
      if (this.life.method.environment.batchFrames) {
        const batch = new FrameBatch(messages);
        return this.#write(batch, batch.byteLength, onFlushed);
      }
      const last = messages.length - 1;
      return messages.reduce(
        (_, message, at) =>
          this.#write(message, message.byteLength, at === last ? onFlushed : undefined),
        true,
      );
    } catch (error) {
      this.end(error);
      return false;
    }
  }

  /** @throws OVERLOADED */
  #write(message: Uint8Array | FrameBatch, bytes: number, onFlushed?: () => void): boolean {
    const size = this.life.hold(bytes);
    return this.call.write(message, (error: unknown) => {
      if (this.life.isOver) return;
      this.life.release(size);
      if (error === null || error === undefined) onFlushed?.();
    });
  }

  /**
   * Resolves when more may be written.
   *
   * @throws CallCancelled if the stream is over or ends first; let it pass through the handler
   */
  async drained(): Promise<void> {
    if (this.isOpen && this.call.writableNeedDrain) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    if (!this.isOpen) throw new CallCancelled();
  }

  /** Calls `listener` once when the stream is over; at once if it already is. */
  onClose(listener: () => void): void {
    this.life.onOver(listener);
  }

  /** Ends the call: with OK, or with an error. See `CallLife.end`. */
  end(error?: unknown): void {
    if (error === undefined) this.life.end(null);
    else this.life.fail(error);
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
