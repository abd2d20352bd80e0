import { setTimeout as delay } from 'node:timers/promises';
import type grpc from '@grpc/grpc-js';
import type { History } from '../history.ts';
import { type Caller, codeOf, isPassing } from './callers.ts';

const RECONNECT_MS = 150;
/** Checkpoints come every 10 s while nothing changes; nothing at all means a server that hangs. */
const SILENCE_MS = 16_000;

export interface WatchHandlers<Message> {
  readonly open: (caller: Caller) => grpc.ClientReadableStream<Message>;
  readonly onMessage: (message: Message, caller: Caller) => void;
  /** The stream has ended; whatever was shown is not current any more. */
  readonly onInterrupted: () => void;
  /** The token is too old: begin anew. */
  readonly onExpired: () => void;
}

/** Keeps one watch open: after each end it goes on, with the next server of its list. */
export class WatchStream<Message> {
  readonly #history: History;
  readonly #name: string;
  readonly #callers: readonly Caller[];
  readonly #handlers: WatchHandlers<Message>;
  readonly #running: Promise<void>;
  #stream: grpc.ClientReadableStream<Message> | undefined;
  #stopped = false;

  constructor(
    history: History,
    name: string,
    callers: readonly Caller[],
    handlers: WatchHandlers<Message>,
  ) {
    this.#history = history;
    this.#name = name;
    this.#callers = callers;
    this.#handlers = handlers;
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#stream?.cancel();
    await this.#running;
  }

  async #run(): Promise<void> {
    for (let turn = 0; !this.#stopped; turn += 1) {
      const caller = this.#callers[turn % this.#callers.length] as Caller;
      await this.#follow(caller);
      this.#handlers.onInterrupted();
      if (!this.#stopped) await delay(RECONNECT_MS);
    }
  }

  #follow(caller: Caller): Promise<void> {
    return new Promise((resolve) => {
      const begin = performance.now();
      const stream = this.#handlers.open(caller);
      this.#stream = stream;
      let last = begin;
      let isOver = false;
      const silence = setInterval(() => {
        if (performance.now() - last > SILENCE_MS) end('SILENT', 'no message for 16 s');
      }, 1_000);
      const end = (code: string, message: string) => {
        if (isOver) return;
        isOver = true;
        clearInterval(silence);
        stream.cancel();
        if (code === 'OUT_OF_RANGE') this.#handlers.onExpired();
        if (!this.#stopped) {
          const { server } = caller;
          const failure = { what: `watch ${this.#name}`, server, begin, end: performance.now() };
          this.#history.failures.push({ ...failure, code, message });
          const isKnown = isPassing(code) || ['OUT_OF_RANGE', 'ABORTED', 'SILENT'].includes(code);
          if (!isKnown) {
            const what = `${this.#name} ended with ${code}: ${message}`;
            this.#history.violations.push({ at: performance.now(), server, what });
          }
        }
        resolve();
      };
      stream.on('data', (message: Message) => {
        if (isOver) return;
        last = performance.now();
        this.#handlers.onMessage(message, caller);
      });
      stream.on('error', (error: grpc.ServiceError) => end(codeOf(error), error.details));
      stream.on('end', () => end('OK', 'the stream ended without an error'));
    });
  }
}
