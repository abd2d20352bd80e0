import type { FeedWatcher } from './feed-watcher.js';
import type { WatchPosition } from './resume-token.js';
import { WatchersByConnection } from './watchers-by-connection.js';

/** Watchers of a feed that have all been told up to the same position. */
export class Cohort {
  readonly position: WatchPosition;
  readonly watchers = new WatchersByConnection<FeedWatcher>();
  /** Its watchers are being told more, and are at its position no longer. */
  dissolved = false;
  /** There are, or may be, changes after the position. */
  due = true;
  /** When it was last read for, in milliseconds; before ever, minus infinity. */
  readAt = Number.NEGATIVE_INFINITY;
  /** Grows from each cohort to the next: who has been at its position for longest has the least. */
  readonly number: number;

  constructor(position: WatchPosition, number: number) {
    this.position = position;
    this.number = number;
  }

  /** Adds a watcher from outside. It hears at once, even when there is nothing new. */
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
  #made = 0;
  #turn = 0;

  [Symbol.iterator](): Iterator<Cohort> {
    return this.#byPosition.values();
  }

  /** The cohort at a position, made when there is none. */
  at(position: WatchPosition): Cohort {
    const key = `${position.epoch} ${position.revision}`;
    let cohort = this.#byPosition.get(key);
    if (cohort === undefined) {
      this.#made += 1;
      cohort = new Cohort(position, this.#made);
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
   * In turn: the largest cohort, the one that is furthest on, and the one that waited longest. Those
   * who keep up are not held up by those who do not, however many positions these resume from and
   * however often; and of those who are behind everyone gets on.
   */
  next(now: number, readGapMs: number): Next {
    let largest: Cohort | undefined;
    let longest: Cohort | undefined;
    let furthest: Cohort | undefined;
    let earliest = Number.POSITIVE_INFINITY;
    for (const [key, cohort] of this.#byPosition) {
      if (cohort.watchers.size === 0) this.#byPosition.delete(key);
      if (cohort.watchers.size === 0 || !cohort.due) continue;
      const readyAt = cohort.readAt + readGapMs;
      earliest = Math.min(earliest, readyAt);
      if (readyAt > now) continue;
      if (largest === undefined || cohort.watchers.size > largest.watchers.size) largest = cohort;
      if (longest === undefined || waitsLonger(cohort, longest)) longest = cohort;
      if (furthest === undefined || isFurther(cohort, furthest)) furthest = cohort;
    }
    if (largest === undefined || longest === undefined || furthest === undefined) {
      return earliest === Number.POSITIVE_INFINITY
        ? { kind: 'nothing' }
        : { kind: 'wait', ms: Math.max(0, earliest - now) };
    }
    const choices = [largest, furthest, longest] as const;
    this.#turn = (this.#turn + 1) % choices.length;
    return { kind: 'read', cohort: choices[this.#turn] as Cohort };
  }
}

/** A page makes a new cohort of those whom it was read for, so they stand behind the others. */
function waitsLonger(a: Cohort, b: Cohort): boolean {
  return a.number < b.number;
}

function isFurther({ position: a }: Cohort, { position: b }: Cohort): boolean {
  return a.epoch === b.epoch ? a.revision > b.revision : a.epoch > b.epoch;
}
