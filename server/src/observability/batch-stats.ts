import { Histogram } from './histogram.js';

/** Counts batches and what was in them, since the start of the process. */
export class BatchStats {
  readonly #sizes = new Histogram();
  #items = 0;

  record(size: number): void {
    this.#items += size;
    this.#sizes.record(size);
  }

  snapshot(): { items: number; batches: number; sizeP50: number; sizeMax: number } {
    return {
      items: this.#items,
      batches: this.#sizes.count,
      sizeP50: this.#sizes.quantile(0.5),
      sizeMax: this.#sizes.max,
    };
  }
}
