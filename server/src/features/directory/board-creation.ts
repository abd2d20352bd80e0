import type { Caller } from '../../domain/caller.js';
import { CallerBudget } from '../../domain/caller-budget.js';
import { FairSlots } from '../../domain/fair-slots.js';

/** Leaderboards that are not known and looked up at the same time. */
const LOOKUPS = 8;
/** Leaderboards that are created at the same time. Each is a few statements and locks. */
const CREATIONS = 4;
/** Leaderboards that wait to be created. */
const MAX_WAITING = 1_000;

/**
 * Bounds what unknown leaderboards cost. Any writer may name new leaderboards for ever, and any reader may
 * ask for some that do not exist. Looking them up and creating them must not take the store of record from
 * those who use theirs, and nobody waits behind another identity.
 */
export class BoardCreation {
  readonly #lookups = new FairSlots(LOOKUPS);
  readonly #creations = new FairSlots(CREATIONS);
  readonly #waiting = new CallerBudget('creations', MAX_WAITING);

  /** Looks a leaderboard up when it is the caller's turn. */
  lookUp<T>(caller: Caller, find: () => Promise<T>): Promise<T> {
    return this.#lookups.run(caller, find);
  }

  /**
   * Creates a leaderboard when it is the caller's turn.
   *
   * @throws OVERLOADED when as many wait as may, in all or of one identity
   */
  create<T>(caller: Caller, create: () => Promise<T>): Promise<T> {
    return this.#waiting.during(caller, 'leaderboards wait to be created', () =>
      this.#creations.run(caller, create),
    );
  }
}
