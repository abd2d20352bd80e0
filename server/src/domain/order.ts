import type { Entry } from './entry.js';
import { type LeaderboardSettings, SortOrder } from './leaderboard.js';

/** 1 or -1: multiplying scores by it makes the lower one stand higher. */
export function direction(order: SortOrder): 1 | -1 {
  return order === SortOrder.ASCENDING ? 1 : -1;
}

type Placed = Pick<Entry, 'score' | 'subscore' | 'reached'>;

/**
 * The total order of a ranking: score, then subscore, then who reached it first.
 * Negative when `a` stands higher than `b`; 0 only for the same entry.
 */
export function compareEntries(settings: LeaderboardSettings, a: Placed, b: Placed): number {
  return (
    direction(settings.sortOrder) * (a.score - b.score) ||
    direction(settings.subscoreSortOrder) * (a.subscore - b.subscore) ||
    a.reached - b.reached
  );
}
