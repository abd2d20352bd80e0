import type { RankingSelector } from '../domain/ranking.js';

/** The fields with which every request names a ranking. */
export function toSelector(request: RankingSelector): RankingSelector {
  const { leaderboardId, seasonId, segment } = request;
  return { leaderboardId, seasonId, segment };
}
