import { Histogram } from './histogram.js';

/** Counts batches and what was in them, since the start of the process. */
export class BatchStats {
  readonly #sizes = new Histogram();
  #committed = 0;

  record(size: number): void {
    this.#committed += size;
    this.#sizes.record(size);
  }

  snapshot() {
    return {
      committed: this.#committed,
      batches: this.#sizes.count,
      batchSizeP50: this.#sizes.quantile(0.5),
      batchSizeMax: this.#sizes.max,
    };
  }
}
