import type { RankChange } from '@rostrum/client';
import type { Movement } from './movement.js';

const KINDS = {
  ENTERED: 'entered',
  MOVED: 'moved',
  UPDATED: 'updated',
  LEFT: 'left',
} as const satisfies Record<RankChange['kind'], Movement['kind']>;

/** The change of a watch as it is shown. */
export function movementOf(change: RankChange): Movement {
  const { kind, playerId, standing, previousRank, previousScore } = change;
  return {
    kind: KINDS[kind],
    playerId,
    displayName: standing?.displayName ?? '',
    rank: standing?.rank,
    score: standing?.score,
    previousRank,
    previousScore,
  };
}
