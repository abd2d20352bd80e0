import type { Segment } from '../gen/rostrum/v1/ranking.js';
import type { RankingSelector } from './ranking-selector.js';

/** The three fields that every request about a ranking has. */
export function toRankingFields(selector: RankingSelector): {
  leaderboardId: string;
  seasonId: string;
  segment: Segment | undefined;
} {
  const { leaderboardId, seasonId = '', segment } = selector;
  return { leaderboardId, seasonId, segment: segment && { ...segment } };
}
