import type { Worker } from 'node:worker_threads';
import { storeUnavailable } from '../../../domain/errors.js';
import { type FillRequest, IndexUnavailable } from '../ports.js';
import type { FillReport } from './fill-report.js';

/** One thread that fills indexes, one at a time, as the event loop of calls sees it. */
export class FillThread {
  #ended = false;
  #fill: (PromiseWithResolvers<number> & { onProgress: (filled: number) => void }) | undefined;

  constructor(private readonly worker: Worker) {
    worker.on('message', (report: FillReport) => this.#heard(report));
    worker.on('error', (error) => this.#end(error));
    worker.on('exit', () => this.#end(undefined));
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** @throws as `IndexFiller.fill`; IndexUnavailable if the thread ends */
  async fill(
    request: FillRequest,
    onProgress: (filled: number) => void,
    signal?: AbortSignal,
  ): Promise<number> {
    signal?.throwIfAborted();
    if (this.#ended) throw threadEnded(undefined);
    const fill = { ...Promise.withResolvers<number>(), onProgress };
    this.#fill = fill;
    this.worker.postMessage(request);
    const abort = (): void => {
      fill.reject(signal?.reason);
      this.end();
    };
    signal?.addEventListener('abort', abort, { once: true });
    try {
      return await fill.promise;
    } finally {
      signal?.removeEventListener('abort', abort);
      this.#fill = undefined;
    }
  }

  /** Ends the thread, even in the middle of a fill. */
  end(): Promise<unknown> {
    this.#end(undefined);
    return this.worker.terminate();
  }

  #heard(report: FillReport): void {
    if (report.kind === 'failed') {
      this.#fill?.reject(toError(report));
      return;
    }
    try {
      this.#fill?.onProgress(report.filled);
      if (report.kind === 'done') this.#fill?.resolve(report.filled);
    } catch (error) {
      // `onProgress` threw: that ends the fill, not the process.
      this.#fill?.reject(error);
      void this.end();
    }
  }

  #end(error: unknown): void {
    this.#ended = true;
    this.#fill?.reject(threadEnded(error));
  }
}

function threadEnded(cause: unknown): IndexUnavailable {
  const why = cause instanceof Error ? `: ${cause.message}` : '';
  return new IndexUnavailable(`the thread that fills the index ended${why}`, { cause });
}

function toError({ failure, message }: Extract<FillReport, { kind: 'failed' }>): Error {
  switch (failure) {
    case 'index unavailable':
      return new IndexUnavailable(message);
    case 'store unavailable':
      return storeUnavailable(new Error(message));
    case 'fault':
      return new Error(`the index could not be filled: ${message}`);
  }
}
