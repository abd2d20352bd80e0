import type { Caller } from './caller.js';
import { CallerTurns } from './caller-turns.js';

interface Waiting {
  readonly caller: Caller;
  readonly start: () => void;
}

/** Runs a bounded number of tasks at a time; what must wait is started in turn by caller. */
export class FairSlots {
  readonly #slots: number;
  readonly #waiting = new CallerTurns<Waiting>();
  #running = 0;

  /** @param slots tasks that may run at the same time */
  constructor(slots: number) {
    this.#slots = slots;
  }

  /** Tasks that wait for their turn. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Runs a task when its turn comes; settles as it does. */
  run<T>(caller: Caller, task: () => Promise<T>): Promise<T> {
    if (this.#running < this.#slots) return this.#run(task);
    return new Promise((resolve) => {
      this.#waiting.add({ caller, start: () => resolve(this.#run(task)) });
    });
  }

  async #run<T>(task: () => Promise<T>): Promise<T> {
    this.#running += 1;
    try {
      return await task();
    } finally {
      this.#running -= 1;
      this.#waiting.next()?.start();
    }
  }
}
