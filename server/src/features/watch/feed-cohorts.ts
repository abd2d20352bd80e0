import type { FeedWatcher } from './feed-watcher.js';
import type { WatchPosition } from './resume-token.js';
import { WatchersByConnection } from './watchers-by-connection.js';

/** Watchers of a feed that have all been told up to the same position. */
export class Cohort {
  readonly watchers = new WatchersByConnection<FeedWatcher>();
  /** Its watchers are being told more: they have left its position. */
  dissolved = false;
  /** There may be changes after the position. */
  due = true;
  /** When a page was last read for it, in milliseconds. */
  readAt = Number.NEGATIVE_INFINITY;

  /** @param number grows from each cohort to the next: the lowest has been at its position for longest */
  constructor(
    readonly position: WatchPosition,
    readonly number: number,
  ) {}

  /** Adds a watcher from outside. It hears at once, even when there is nothing new. */
  admit(watcher: FeedWatcher): void {
    this.watchers.add(watcher);
    this.due = true;
  }
}

/** What to read next. */
type Next =
  | { readonly kind: 'read'; readonly cohort: Cohort }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'nothing' };

/** Whether to read for a cohort before another; these take turns. */
const ORDERS: readonly ((a: Cohort, b: Cohort) => boolean)[] = [
  isFurther,
  // A page makes a new cohort of those it was read for, so they stand behind the others.
  (a, b) => a.number < b.number,
  (a, b) => a.watchers.size > b.watchers.size,
];

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
    return this.#byPosition.getOrInsertComputed(keyOf(position), () => {
      this.#made += 1;
      return new Cohort(position, this.#made);
    });
  }

  dissolve(cohort: Cohort): void {
    cohort.dissolved = true;
    this.#byPosition.delete(keyOf(cohort.position));
  }

  /** Takes a watcher out of its cohort. `next` drops the empty ones. */
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
   * In turn: the cohort that is furthest on, the one that waited longest, and the largest. So watchers
   * who keep up do not wait for those who are behind, however many positions these resume from, and all who
   * are behind get on.
   */
  next(now: number, readGapMs: number): Next {
    const isBefore = ORDERS[this.#turn] as (typeof ORDERS)[number];
    let first: Cohort | undefined;
    let earliest = Number.POSITIVE_INFINITY;
    for (const [key, cohort] of this.#byPosition) {
      if (cohort.watchers.size === 0) this.#byPosition.delete(key);
      if (cohort.watchers.size === 0 || !cohort.due) continue;
      const readyAt = cohort.readAt + readGapMs;
      earliest = Math.min(earliest, readyAt);
      if (readyAt <= now && (first === undefined || isBefore(cohort, first))) first = cohort;
    }
    if (first !== undefined) {
      this.#turn = (this.#turn + 1) % ORDERS.length;
      return { kind: 'read', cohort: first };
    }
    return earliest === Number.POSITIVE_INFINITY
      ? { kind: 'nothing' }
      : { kind: 'wait', ms: Math.max(0, earliest - now) };
  }
}

function keyOf({ epoch, revision }: WatchPosition): string {
  return `${epoch} ${revision}`;
}

function isFurther({ position: a }: Cohort, { position: b }: Cohort): boolean {
  return a.epoch === b.epoch ? a.revision > b.revision : a.epoch > b.epoch;
}
