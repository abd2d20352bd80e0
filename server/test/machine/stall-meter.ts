const TICK_MS = 50;
/** Shorter pauses are what a bound must bear. */
const LEAST_MS = 200;

export interface Stall {
  readonly from: number;
  readonly to: number;
}

/**
 * Notes when this process did not get to run. The servers share the machine with it: what they must
 * do within a bound of time may take so much longer.
 */
export class StallMeter {
  readonly stalls: Stall[] = [];
  readonly #timer: NodeJS.Timeout;
  #last = performance.now();

  constructor() {
    this.#timer = setInterval(() => {
      const now = performance.now();
      if (now - this.#last - TICK_MS > LEAST_MS) this.stalls.push({ from: this.#last, to: now });
      this.#last = now;
    }, TICK_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
