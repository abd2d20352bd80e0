import { type KnownKeys, keysOf, requireKnownKeys } from '../errors/require-known-keys.js';
import { requireType } from '../errors/require-type.js';
import type { Segment } from '../gen/rostrum/v1/ranking.js';
import type { RankingSelector } from './ranking-selector.js';

/** The keys of a request that names a ranking and nothing else. */
export const RANKING = keysOf<RankingSelector>({
  leaderboardId: true,
  seasonId: true,
  segment: true,
});

const SEGMENT = keysOf<NonNullable<RankingSelector['segment']>>({ key: true, value: true });

/**
 * The three fields that every request about a ranking has.
 * @param known the keys that the whole request may have
 * @throws INVALID_FIELD for a wrong type, or a key that is not known
 */
export function toRankingFields(
  selector: RankingSelector,
  known: KnownKeys,
): {
  leaderboardId: string;
  seasonId: string;
  segment: Segment | undefined;
} {
  requireKnownKeys(known, selector);
  const { leaderboardId, seasonId = '', segment } = selector;
  requireType('string', leaderboardId, 'leaderboard_id');
  requireType('string', seasonId, 'season_id');
  if (segment !== undefined) requireKnownKeys(SEGMENT, segment, 'segment');
  return { leaderboardId, seasonId, segment: segment && { ...segment } };
}
