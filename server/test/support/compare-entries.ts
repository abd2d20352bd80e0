import type { Entry } from '../../src/domain/entry.js';
import type { LeaderboardSettings } from '../../src/domain/leaderboard.js';
import { direction } from '../../src/domain/order.js';

type Placed = Pick<Entry, 'score' | 'subscore' | 'reached'>;

/**
 * The total order of a ranking, which the index and its scripts must have too: score, then subscore,
 * then who reached it first. Negative when `a` stands higher than `b`; 0 only for the same entry.
 */
export function compareEntries(settings: LeaderboardSettings, a: Placed, b: Placed): number {
  return (
    direction(settings.sortOrder) * (a.score - b.score) ||
    direction(settings.subscoreSortOrder) * (a.subscore - b.subscore) ||
    a.reached - b.reached
  );
}
