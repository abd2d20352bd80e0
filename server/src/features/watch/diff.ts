import type { PlayerId } from '../../domain/ids.js';
import type { RankedRow, RankingChange } from '../../domain/ranking.js';

/** Numbers are those of `rostrum.v1.RankChange.Kind`. */
export const ChangeKind = { ENTERED: 1, MOVED: 2, LEFT: 3, UPDATED: 4 } as const;
export type ChangeKind = (typeof ChangeKind)[keyof typeof ChangeKind];

/** How one row of a view differs from the frame before. */
export interface RowChange extends Omit<RankingChange, 'revision' | 'totalPlayers'> {
  readonly kind: ChangeKind;
}

/** Whether two rows of one player show the same standing. */
export function sameRow(a: RankedRow, b: RankedRow): boolean {
  return a === b || (sameSpot(a, b) && samePayload(a, b));
}

/** Whether two rows stand at the same place and show the same rank. */
export function sameSpot(a: RankedRow, b: RankedRow): boolean {
  return a.place === b.place && a.rank === b.rank;
}

export function samePayload(a: RankedRow, b: RankedRow): boolean {
  return a.payload === b.payload || a.payload.equals(b.payload);
}

/**
 * What leads from `before` to `after`: first the rows that left, then the others by their new place.
 * Removing the first and putting the others in their places gives exactly `after`.
 */
export function diffRows(
  before: ReadonlyMap<PlayerId, RankedRow>,
  after: ReadonlyMap<PlayerId, RankedRow>,
): RowChange[] {
  const changes: RowChange[] = [];
  for (const row of before.values()) {
    if (!after.has(row.playerId)) {
      changes.push(change(ChangeKind.LEFT, row.playerId, undefined, row));
    }
  }
  for (const row of after.values()) {
    const old = before.get(row.playerId);
    if (old === undefined) {
      changes.push(change(ChangeKind.ENTERED, row.playerId, row, undefined));
    } else if (!sameSpot(old, row)) {
      changes.push(change(ChangeKind.MOVED, row.playerId, row, old));
    } else if (!samePayload(old, row)) {
      changes.push(change(ChangeKind.UPDATED, row.playerId, row, old));
    }
  }
  return changes;
}

/** Which kind a change of the feed is. */
export function kindOf(change: RankingChange): ChangeKind {
  if (change.row === undefined) return ChangeKind.LEFT;
  if (change.previousPlace === 0) return ChangeKind.ENTERED;
  const { place, rank } = change.row;
  const stayed = place === change.previousPlace && rank === change.previousRank;
  return stayed ? ChangeKind.UPDATED : ChangeKind.MOVED;
}

function change(
  kind: ChangeKind,
  playerId: PlayerId,
  row: RankedRow | undefined,
  old: RankedRow | undefined,
): RowChange {
  return {
    kind,
    playerId,
    row,
    previousPlace: old?.place ?? 0,
    previousRank: old?.rank ?? 0,
    previousScore: old?.score ?? 0,
  };
}
