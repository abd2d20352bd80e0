import fc from 'fast-check';
import type { PlayerId } from '../../src/domain/ids.js';
import { SortOrder } from '../../src/domain/leaderboard.js';
import type { Ranking, RankingRead } from '../../src/domain/ranking.js';

/*
 * Reads of a ranking as the contract describes them, by sorting everything; and boards and reads at
 * random. What answers reads is compared with this.
 */

export interface Row {
  readonly playerId: string;
  readonly score: number;
  readonly subscore: number;
  /** Of two equal scores the one reached first stands higher. */
  readonly reached: number;
}

export interface NaiveView {
  readonly totalPlayers: number;
  readonly rows: readonly { readonly rank: number; readonly playerId: string }[];
}

/** What the contract says, by sorting everything. */
export function naiveRead(
  { settings }: Ranking,
  rows: readonly Row[],
  read: RankingRead,
): NaiveView {
  const better = (order: SortOrder, a: number, b: number) =>
    order === SortOrder.ASCENDING ? a - b : b - a;
  const sorted = rows.toSorted(
    (a, b) =>
      better(settings.sortOrder, a.score, b.score) ||
      better(settings.subscoreSortOrder, a.subscore, b.subscore) ||
      a.reached - b.reached,
  );
  const ranked = sorted.map(({ playerId }, index) => ({ rank: index + 1, playerId }));
  const around = (place: number, count: number) => {
    const start = Math.max(0, Math.min(place - Math.floor(count / 2), ranked.length - count));
    return ranked.slice(start, start + count);
  };
  const chosen = () => {
    switch (read.kind) {
      case 'range':
        return ranked.slice(read.start, read.start + read.count);
      case 'player':
        return ranked.filter(({ playerId }) => playerId === read.playerId);
      case 'players':
        return ranked.filter(({ playerId }) => read.playerIds.includes(playerId as PlayerId));
      case 'around': {
        const place = ranked.findIndex(({ playerId }) => playerId === read.playerId);
        return place < 0 ? [] : around(place, read.count);
      }
      case 'aroundScore':
        return around(
          sorted.filter(({ score }) => better(settings.sortOrder, score, read.score) <= 0).length,
          read.count,
        );
    }
  };
  return { totalPlayers: rows.length, rows: chosen() };
}

/** Scores of a board, by how many are equal. */
export const SCORES = {
  'hardly two are equal': fc.oneof(
    fc.integer({ min: -1_000_000, max: 1_000_000 }),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((score) => score + 0),
    fc.constantFrom(2 ** 53, -(2 ** 53), Number.MAX_VALUE, Number.MIN_VALUE, 0),
  ),
  'many are equal': fc.integer({ min: -3, max: 3 }),
  'all are equal': fc.constant(7),
};
export const anyOrder = fc.constantFrom(SortOrder.DESCENDING, SortOrder.ASCENDING);

/** Reads of a board whose players are p0 to p<size - 1>, and of some that it does not have. */
export function readsOf(size: number, score: fc.Arbitrary<number>): fc.Arbitrary<RankingRead[]> {
  const playerId = fc.integer({ min: 0, max: size + 1 }).map((number) => `p${number}` as PlayerId);
  const count = fc.integer({ min: 1, max: 12 });
  const start = fc.oneof(fc.integer({ min: 0, max: size + 3 }), fc.constant(0));
  const reads: fc.Arbitrary<RankingRead[]> = fc.array(
    fc.oneof(
      fc.record({ kind: fc.constant('range' as const), start, count }),
      fc.record({ kind: fc.constant('player' as const), playerId }),
      fc.record({ kind: fc.constant('players' as const), playerIds: fc.uniqueArray(playerId) }),
      fc.record({ kind: fc.constant('around' as const), playerId, count }),
      fc.record({ kind: fc.constant('aroundScore' as const), score, count }),
    ),
    { maxLength: 20 },
  );
  // Some without reads around a place.
  return fc.oneof(
    reads,
    reads.map((list) => list.filter(({ kind }) => !kind.startsWith('around'))),
  );
}

/** Rows of players p0, p1, …; the salt decides who came first. */
export function toRows(
  places: readonly { score: number; subscore: number; salt: number }[],
): Row[] {
  // Who came when has nothing to do with the order of the ids.
  const order = places.map((_, index) => index).sort((a, b) => saltOf(a) - saltOf(b) || a - b);
  function saltOf(index: number): number {
    return places[index]?.salt ?? 0;
  }
  const reached = new Map(order.map((index, step) => [index, 5_000 + 3 * step]));
  return places.map(({ score, subscore }, index) => ({
    playerId: `p${index}`,
    score,
    subscore,
    reached: reached.get(index) as number,
  }));
}
