import type { Caller } from './caller.js';
import { CallerTurns } from './caller-turns.js';

interface Waiting {
  readonly caller: Caller;
  readonly start: () => void;
}

/**
 * Runs a bounded number of tasks at a time; those that must wait take turns by caller. A task may take
 * several slots, and the last one to start may take more than are free, so that large tasks get their turn.
 */
export class FairSlots {
  readonly #waiting = new CallerTurns<Waiting>();
  #taken = 0;

  /** @param slots slots of tasks that may run at the same time */
  constructor(private readonly slots: number) {}

  /** Tasks that wait for their turn. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Runs a task when its turn comes; settles as it does. */
  run<T>(caller: Caller, task: () => Promise<T>, slots = 1): Promise<T> {
    if (this.#taken < this.slots) return this.#run(task, slots);
    return new Promise((resolve) => {
      this.#waiting.add({ caller, start: () => resolve(this.#run(task, slots)) });
    });
  }

  async #run<T>(task: () => Promise<T>, slots: number): Promise<T> {
    this.#taken += slots;
    try {
      return await task();
    } finally {
      this.#taken -= slots;
      while (this.#waiting.size > 0 && this.#taken < this.slots) this.#waiting.next()?.start();
    }
  }
}
