import { RostrumError } from '../../domain/errors.js';
import type { LeaderboardId } from '../../domain/ids.js';

export function leaderboardAlreadyExists(leaderboardId: LeaderboardId): RostrumError {
  return new RostrumError(
    'LEADERBOARD_ALREADY_EXISTS',
    `there is a leaderboard ${leaderboardId} already`,
    { metadata: { leaderboard_id: leaderboardId } },
  );
}

export function leaderboardNotEmpty(leaderboardId: LeaderboardId): RostrumError {
  return new RostrumError(
    'LEADERBOARD_NOT_EMPTY',
    `leaderboard ${leaderboardId} has entries: sort_order, subscore_sort_order and aggregation ` +
      'can change only while it has none; nothing was changed',
    { metadata: { leaderboard_id: leaderboardId } },
  );
}
