import type { FeedWatcher } from './feed-watcher.js';
import type { WatchPosition } from './resume-token.js';

/** Watchers of a feed that have all been told up to the same position. */
export class Cohort {
  readonly position: WatchPosition;
  readonly watchers = new Set<FeedWatcher>();
  /** Its watchers are being told more, and are at its position no longer. */
  dissolved = false;
  /** There are, or may be, changes after the position. */
  due = true;
  /** When it was last read for, in milliseconds; before ever, minus infinity. */
  readAt = Number.NEGATIVE_INFINITY;

  constructor(position: WatchPosition) {
    this.position = position;
  }

  /** Adds a watcher from outside, which is to be told at once even that there is nothing new. */
  admit(watcher: FeedWatcher): void {
    this.watchers.add(watcher);
    this.due = true;
  }
}

/** What to read next. */
export type Next =
  | { readonly kind: 'read'; readonly cohort: Cohort }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'nothing' };

/**
 * The cohorts of a feed. Watchers that keep up are all in one; a watcher that resumes or fell
 * behind has its own until it has caught up with another and joins it.
 */
export class FeedCohorts {
  readonly #byPosition = new Map<string, Cohort>();
  #largestWasServed = false;

  [Symbol.iterator](): Iterator<Cohort> {
    return this.#byPosition.values();
  }

  /** The cohort at a position, made when there is none. */
  at(position: WatchPosition): Cohort {
    const key = `${position.epoch} ${position.revision}`;
    let cohort = this.#byPosition.get(key);
    if (cohort === undefined) {
      cohort = new Cohort(position);
      this.#byPosition.set(key, cohort);
    }
    return cohort;
  }

  dissolve(cohort: Cohort): void {
    cohort.dissolved = true;
    this.#byPosition.delete(`${cohort.position.epoch} ${cohort.position.revision}`);
  }

  /** Takes a watcher out of whichever cohort it is in. An empty one goes with the next `next`. */
  removeWatcher(watcher: FeedWatcher): void {
    for (const cohort of this.#byPosition.values()) {
      if (cohort.watchers.delete(watcher)) return;
    }
  }

  /** Takes out the cohorts that a page from `from` to `to` brings to the same position. */
  takeWithin(from: WatchPosition, to: number): Cohort[] {
    const within = [...this.#byPosition.values()].filter(
      ({ position }) =>
        position.epoch === from.epoch &&
        position.revision >= from.revision &&
        position.revision <= to,
    );
    for (const cohort of within) this.dissolve(cohort);
    return within;
  }

  markAllDue(): void {
    for (const cohort of this.#byPosition.values()) cohort.due = true;
  }

  /**
   * The largest cohort and, in turn with it, the one that waited longest: those who keep up are not
   * held up by many who do not, and those who are behind get on.
   */
  next(now: number, readGapMs: number): Next {
    let largest: Cohort | undefined;
    let longest: Cohort | undefined;
    let earliest = Number.POSITIVE_INFINITY;
    for (const [key, cohort] of this.#byPosition) {
      if (cohort.watchers.size === 0) this.#byPosition.delete(key);
      if (cohort.watchers.size === 0 || !cohort.due) continue;
      const readyAt = cohort.readAt + readGapMs;
      earliest = Math.min(earliest, readyAt);
      if (readyAt > now) continue;
      if (largest === undefined || cohort.watchers.size > largest.watchers.size) largest = cohort;
      if (longest === undefined || cohort.readAt < longest.readAt) longest = cohort;
    }
    if (largest === undefined || longest === undefined) {
      return earliest === Number.POSITIVE_INFINITY
        ? { kind: 'nothing' }
        : { kind: 'wait', ms: Math.max(0, earliest - now) };
    }
    this.#largestWasServed = !this.#largestWasServed;
    return { kind: 'read', cohort: this.#largestWasServed ? largest : longest };
  }
}
