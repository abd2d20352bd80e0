import type grpc from '@grpc/grpc-js';
import type { CallContext } from './call-context.js';
import type { CallLife } from './call-life.js';
import { shuttingDown } from './errors.js';
import { handler } from './handler.js';
import { forgetRequestBytes } from './internals/call-stream.js';
import { ServerStream } from './server-stream.js';
import { type Decoded, requireDecoded } from './service-definition.js';

/**
 * Answers one request of a stream with one message, or with the bytes of one. It is called for the next
 * request before the answer to this one is ready; answers are sent in the order of the requests. What
 * it throws ends the stream, after the answers to all earlier requests.
 */
export type BidiHandler<Req, Res> = (
  request: Req,
  context: CallContext,
) => Res | Uint8Array | Promise<Res | Uint8Array>;

/**
 * Makes a bidirectional gRPC handler that answers each request, in order, with flow control: a caller
 * that does not read its answers is not read from either. When the server shuts down, the requests
 * received so far are answered, and the stream ends with SHUTTING_DOWN.
 */
export function bidiStreaming<Req, Res>(
  run: BidiHandler<Req, NoInfer<Res>>,
  maxInFlight: number,
): grpc.handleBidiStreamingCall<Req, Res> {
  return handler<grpc.handleBidiStreamingCall<Req, Res>>((call, life) => {
    new OrderedReplies(call, life, run, maxInFlight);
  });
}

/** A request and, in time, its answer. */
interface Slot {
  state: 'pending' | 'answered' | 'failed';
  answer: Buffer | undefined;
  error: unknown;
}

class OrderedReplies<Req, Res> {
  readonly #stream: ServerStream<Res>;
  /** Oldest first; the answers before `#head` have been sent. */
  #slots: Slot[] = [];
  #head = 0;
  #halfClosed = false;
  #draining = false;
  #paused = false;
  #flushing = false;
  #scheduled = false;

  constructor(
    private readonly call: grpc.ServerDuplexStream<Req, Res>,
    private readonly life: CallLife,
    private readonly run: BidiHandler<Req, Res>,
    private readonly maxInFlight: number,
  ) {
    this.#stream = new ServerStream<Res>(call, life);
    life.onDrain(() => this.#drain());
    life.onOver(() => this.#abandon());
    call.on('end', () => {
      this.#halfClosed = true;
      this.#schedule();
    });
    call.on('data', (request: Decoded<Req>) => this.#take(request));
  }

  #take(undecoded: Decoded<Req>): void {
    if (!this.life.isOpen || this.#draining) return;
    const slot: Slot = { state: 'pending', answer: undefined, error: undefined };
    this.#slots.push(slot);
    if (this.#slots.length - this.#head >= this.maxInFlight) this.#pause();
    const fail = (error: unknown) => {
      slot.state = 'failed';
      slot.error = error;
      this.#schedule();
    };
    const succeed = (answer: Res | Uint8Array) => {
      try {
        slot.answer = this.life.method.encode(answer);
        slot.state = 'answered';
        this.#schedule();
      } catch (error) {
        fail(error);
      }
    };
    try {
      const result = this.run(requireDecoded(undecoded), this.life);
      if (result instanceof Promise) result.then(succeed, fail);
      else succeed(result);
    } catch (error) {
      fail(error);
    }
  }

  /** Flushes at the end of this turn, so that answers that become ready together leave together. */
  #schedule(): void {
    if (this.#scheduled || this.#flushing) return;
    this.#scheduled = true;
    process.nextTick(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  /** Sends the answers that are ready up to the first missing one; one batch at a time. */
  #flush(): void {
    if (!this.life.isOpen || this.#flushing) return;
    const ready: Buffer[] = [];
    let next = this.#slots[this.#head];
    while (next?.state === 'answered') {
      ready.push(next.answer as Buffer);
      this.#head += 1;
      next = this.#slots[this.#head];
    }
    this.#forgetSent();
    if (ready.length > 0) {
      this.#flushing = true;
      this.#stream.writeMany(ready, () => {
        this.#flushing = false;
        this.#flush();
      });
    }
    if (next?.state === 'failed') {
      this.#abandon();
      this.#stream.end(next.error);
    } else if (this.#slots.length === this.#head && (this.#halfClosed || this.#draining)) {
      this.#stream.end(this.#halfClosed ? undefined : shuttingDown());
    } else if (
      this.#paused &&
      !this.#draining &&
      this.#slots.length - this.#head <= this.maxInFlight / 2
    ) {
      this.#paused = false;
      this.call.resume();
    }
  }

  #forgetSent(): void {
    if (this.#head === this.#slots.length) {
      this.#slots = [];
      forgetRequestBytes(this.call);
    } else if (this.#head >= this.maxInFlight) this.#slots = this.#slots.slice(this.#head);
    else return;
    this.#head = 0;
  }

  #pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.call.pause();
  }

  /** Takes no more requests, and ends when those taken are answered. */
  #drain(): void {
    this.#draining = true;
    this.#pause();
    this.#schedule();
  }

  /** Forgets the unanswered requests: nobody waits for them. */
  #abandon(): void {
    this.#slots = [];
    this.#head = 0;
    this.#pause();
  }
}
