import type { Worker } from 'node:worker_threads';
import { Slots } from '../../../domain/slots.js';
import { type FillRequest, type IndexFiller, IndexUnavailable } from '../ports.js';
import { FillThread } from './fill-thread.js';

/** Fills at the same time: more would only share what two cores and one index can do. */
const MAX_THREADS = 2;
/** How long a thread waits for another fill: a start takes some 50 ms. */
const IDLE_MS = 10_000;

/**
 * Fills indexes in threads of their own, so that the event loop of calls stays free. Threads are
 * started when needed and end when idle.
 */
export class ThreadedFiller implements IndexFiller {
  readonly #threads = new Set<FillThread>();
  readonly #idle = new Map<FillThread, NodeJS.Timeout>();
  readonly #slots = new Slots(MAX_THREADS);
  #closed = false;

  /** @param start starts a thread that takes `FillRequest`s */
  constructor(
    private readonly start: () => Worker,
    private readonly idleMs = IDLE_MS,
  ) {}

  fill(
    request: FillRequest,
    onProgress: (filled: number) => void,
    signal?: AbortSignal,
  ): Promise<number> {
    return this.#slots.run(async () => {
      signal?.throwIfAborted();
      const thread = this.#take();
      try {
        return await thread.fill(request, onProgress, signal);
      } finally {
        this.#giveBack(thread);
      }
    });
  }

  /** Ends all threads; fills that are under way fail, and so do later ones. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#idle.values()) clearTimeout(timer);
    this.#idle.clear();
    await Promise.all([...this.#threads].map((thread) => thread.end()));
  }

  #take(): FillThread {
    if (this.#closed) throw new IndexUnavailable('the server is shutting down');
    for (const [thread, timer] of this.#idle) {
      clearTimeout(timer);
      this.#idle.delete(thread);
      if (!thread.ended) return thread;
      this.#threads.delete(thread);
    }
    const thread = new FillThread(this.start());
    this.#threads.add(thread);
    return thread;
  }

  #giveBack(thread: FillThread): void {
    if (thread.ended || this.#closed) {
      this.#threads.delete(thread);
      return;
    }
    const end = (): void => {
      this.#idle.delete(thread);
      this.#threads.delete(thread);
      void thread.end();
    };
    this.#idle.set(thread, setTimeout(end, this.idleMs).unref());
  }
}
