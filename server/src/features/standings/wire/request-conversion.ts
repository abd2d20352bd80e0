import { invalidField } from '../../../domain/errors.js';
import { type PlayerId, parsePlayerId } from '../../../domain/ids.js';
import type { RankingRead } from '../../../domain/ranking.js';
import { isScore, SCORE_RULE } from '../../../domain/score.js';
import type { ListStandingsAroundRequest } from '../../../gen/rostrum/v1/standing.js';
import { parsePageSize } from '../../../wire/page-size.js';

const DEFAULT_AROUND = 11;
const MAX_PLAYER_IDS = 1000;

/** 0-based. @throws INVALID_FIELD if negative */
export function parseStartRank(rank: number): number {
  if (rank < 0) throw invalidField('start_rank', `${rank} must not be negative`);
  return Math.max(rank - 1, 0);
}

/** @throws INVALID_FIELD */
export function parseAround(
  request: Pick<ListStandingsAroundRequest, 'anchor' | 'count'>,
): Extract<RankingRead, { kind: 'around' | 'aroundScore' }> {
  const count = parsePageSize(request.count, 'count', DEFAULT_AROUND);
  const { anchor } = request;
  switch (anchor?.$case) {
    case 'playerId':
      return { kind: 'around', playerId: parsePlayerId(anchor.value), count };
    case 'score':
      if (!isScore(anchor.value)) throw invalidField('score', `${anchor.value} ${SCORE_RULE}`);
      return { kind: 'aroundScore', score: anchor.value + 0, count };
    case undefined:
      throw invalidField('anchor', 'is missing: give a player_id or a score');
  }
}

/** Each id once, in the order given. @throws INVALID_FIELD */
export function parsePlayerIds(playerIds: readonly string[]): PlayerId[] {
  if (playerIds.length === 0) throw invalidField('player_ids', 'must not be empty');
  if (playerIds.length > MAX_PLAYER_IDS) {
    throw invalidField(
      'player_ids',
      `has ${playerIds.length} ids; the limit is ${MAX_PLAYER_IDS}: send several requests`,
    );
  }
  return [...new Set(playerIds.map((id, index) => parsePlayerId(id, `player_ids[${index}]`)))];
}
