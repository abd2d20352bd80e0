import { SortOrder } from './leaderboard.js';

/** 1 or -1: multiplying scores by it makes the lower one stand higher. */
export function direction(order: SortOrder): 1 | -1 {
  return order === SortOrder.ASCENDING ? 1 : -1;
}
