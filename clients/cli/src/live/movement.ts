/** What became of one player in a ranking, as shown to people and scripts. */
export interface Movement {
  readonly kind: 'entered' | 'moved' | 'updated' | 'left';
  readonly playerId: string;
  /** Empty if none was ever given, or for a player who left. */
  readonly displayName: string;
  /** After the change; absent for a player who left. */
  readonly rank?: number | undefined;
  readonly score?: number | undefined;
  /** Before the change; absent for a player who entered. */
  readonly previousRank?: number | undefined;
  readonly previousScore?: number | undefined;
}

export type Direction = 'up' | 'down' | 'new' | 'gone' | 'same';

/** Which way the player went; up means towards rank 1. */
export function directionOf({ kind, rank, previousRank }: Movement): Direction {
  if (kind === 'entered') return 'new';
  if (kind === 'left') return 'gone';
  if (rank === undefined || previousRank === undefined || rank === previousRank) return 'same';
  return rank < previousRank ? 'up' : 'down';
}

/** One sign per direction, one column wide. */
export const DIRECTION_SIGNS: Readonly<Record<Direction, string>> = {
  up: '▲',
  down: '▼',
  new: '+',
  gone: '-',
  same: '=',
};
