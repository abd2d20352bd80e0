import { requireType } from '../errors/require-type.js';
import type { Segment } from '../gen/rostrum/v1/ranking.js';
import type { RankingSelector } from './ranking-selector.js';

/** The three fields that every request about a ranking has. @throws INVALID_FIELD for a wrong type */
export function toRankingFields(selector: RankingSelector): {
  leaderboardId: string;
  seasonId: string;
  segment: Segment | undefined;
} {
  const { leaderboardId, seasonId = '', segment } = selector;
  requireType('string', leaderboardId, 'leaderboard_id');
  requireType('string', seasonId, 'season_id');
  return { leaderboardId, seasonId, segment: segment && { ...segment } };
}
