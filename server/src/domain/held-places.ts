import { Allotment } from './allotment.js';
import type { Caller, Holdings } from './caller.js';
import { RostrumError } from './errors.js';

/** Bounds how many tasks of one kind there are at a time, running or waiting, and shares that out by identity. */
export class HeldPlaces {
  readonly #places: Allotment;

  /**
   * @param counted where the callers' holdings count them
   * @param refusal what nobody may do with more, such as "leaderboards wait to be created"
   */
  constructor(
    places: number,
    private readonly counted: keyof Holdings,
    private readonly refusal: string,
  ) {
    this.#places = new Allotment(places);
  }

  /** Holds a place for as long as a task takes. @throws OVERLOADED if there is none for this caller */
  async hold<T>(caller: Caller, task: () => Promise<T>): Promise<T> {
    const { counted } = this;
    const { of: identity } = caller;
    if (!this.#places.mayTake(identity[counted])) {
      identity.refused += 1;
      const why = `as many ${this.refusal} as the server accepts, in all or of one identity; retry later`;
      throw new RostrumError('OVERLOADED', why, { retryAfterMs: 1_000 });
    }
    this.#places.take();
    caller[counted] += 1;
    identity[counted] += 1;
    try {
      return await task();
    } finally {
      this.#places.release();
      caller[counted] -= 1;
      identity[counted] -= 1;
    }
  }
}
