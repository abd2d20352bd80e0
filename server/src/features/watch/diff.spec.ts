import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { player, rowOf } from '../../../test/support/watch/scripted-index.js';
import type { PlayerId } from '../../domain/ids.js';
import type { RankedRow } from '../../domain/ranking.js';
import { ChangeKind, diffRows, kindOf } from './diff.js';

function byPlayer(rows: readonly RankedRow[]): Map<PlayerId, RankedRow> {
  return new Map(rows.map((row) => [row.playerId, row]));
}

/** A window of a ranking: some players, at successive ranks from anywhere. */
const frame = fc
  .record({
    ids: fc.uniqueArray(fc.constantFrom(...'abcdefghij'), { maxLength: 8 }),
    firstRank: fc.integer({ min: 1, max: 4 }),
    scores: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 8, maxLength: 8 }),
  })
  .map(({ ids, firstRank, scores }) =>
    ids.map((id, i) => rowOf(firstRank + i, id, scores[i] ?? 0)),
  );

describe('diffRows', () => {
  it('leads from any frame to any other when applied', () => {
    fc.assert(
      fc.property(frame, frame, (before, after) => {
        const held = byPlayer(before);
        for (const change of diffRows(byPlayer(before), byPlayer(after))) {
          if (change.row === undefined) held.delete(change.playerId);
          else held.set(change.playerId, change.row);
        }
        expect([...held.values()].sort((a, b) => a.rank - b.rank)).toEqual(after);
      }),
    );
  });

  it('names each changed player once and tells what it was before', () => {
    fc.assert(
      fc.property(frame, frame, (before, after) => {
        const old = byPlayer(before);
        const changes = diffRows(old, byPlayer(after));
        expect(new Set(changes.map((change) => change.playerId)).size).toBe(changes.length);
        for (const change of changes) {
          expect(change.previousRank).toBe(old.get(change.playerId)?.rank ?? 0);
          expect(change.previousScore).toBe(old.get(change.playerId)?.score ?? 0);
        }
      }),
    );
  });

  it('tells the kinds apart', () => {
    const before = [rowOf(1, 'stays', 9), rowOf(2, 'up', 8), rowOf(3, 'leaves', 7)];
    const after = [rowOf(1, 'stays', 10), rowOf(2, 'enters', 9), rowOf(3, 'up', 8)];
    const kinds = diffRows(byPlayer(before), byPlayer(after)).map((c) => [c.playerId, c.kind]);
    expect(kinds).toEqual([
      ['leaves', ChangeKind.LEFT],
      ['stays', ChangeKind.UPDATED],
      ['enters', ChangeKind.ENTERED],
      ['up', ChangeKind.MOVED],
    ]);
  });

  it('tells a row of its new place among players who share its rank', () => {
    const tied = (place: number, id: string) => ({ ...rowOf(place, id, 5), rank: 1 });
    const before = byPlayer([tied(1, 'a'), tied(2, 'b')]);
    const changes = diffRows(before, byPlayer([tied(1, 'b'), tied(2, 'a')]));
    expect(changes.map(({ playerId, kind, row }) => [playerId, kind, row?.place])).toEqual([
      ['b', ChangeKind.MOVED, 1],
      ['a', ChangeKind.MOVED, 2],
    ]);
  });

  it('says nothing about equal frames', () => {
    const rows = () => byPlayer([rowOf(1, 'a', 1), rowOf(2, 'b', 0)]);
    expect(diffRows(rows(), rows())).toEqual([]);
  });
});

describe('kindOf', () => {
  const change = { revision: 1, playerId: player('a'), previousScore: 0, totalPlayers: 2 };
  it.each([
    [0, 0, rowOf(1, 'a', 1), ChangeKind.ENTERED],
    [2, 2, rowOf(1, 'a', 1), ChangeKind.MOVED],
    [2, 1, rowOf(1, 'a', 1), ChangeKind.MOVED],
    [1, 1, rowOf(1, 'a', 1), ChangeKind.UPDATED],
    [1, 1, undefined, ChangeKind.LEFT],
  ])('previous place %i and rank %i', (previousPlace, previousRank, row, kind) => {
    expect(kindOf({ ...change, previousPlace, previousRank, row })).toBe(kind);
  });
});
