import { type KnownKeys, keysOf, requireKnownKeys } from '../errors/require-known-keys.js';
import { requireType } from '../errors/require-type.js';
import type { RankingSelector } from './ranking-selector.js';

/** The keys of a request that names a ranking and nothing else. */
export const RANKING = keysOf<RankingSelector>({ leaderboardId: true });

/**
 * The fields that every request about a ranking has.
 * @param known the keys that the whole request may have
 * @throws INVALID_FIELD for a wrong type, or a key that is not known
 */
export function toRankingFields(
  selector: RankingSelector,
  known: KnownKeys,
): { leaderboardId: string; seasonId: string; segment: undefined } {
  requireKnownKeys(known, selector);
  const { leaderboardId } = selector;
  requireType('string', leaderboardId, 'leaderboardId');
  return { leaderboardId, seasonId: '', segment: undefined };
}
