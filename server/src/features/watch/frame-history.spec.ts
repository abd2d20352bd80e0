import { describe, expect, it } from 'vitest';
import { rowOf } from '../../../test/support/watch/scripted-index.js';
import type { RankedRow } from '../../domain/ranking.js';
import { type Frame, nextFrame } from './frame.js';
import { FrameHistory, HistoryBudget } from './frame-history.js';

function frame(revision: number, rows = 1): Frame {
  const all = Array.from({ length: rows }, (_, i) => rowOf(i + 1, `p${i}`, revision));
  return nextFrame(undefined, { rows: all, totalPlayers: rows, revision, epoch: 1 });
}

const WIDE = { historyFrames: 100, historyMs: 1000, historyRows: 1000 };

describe('a history of frames', () => {
  it('finds a frame by a revision it was seen at, and no other', () => {
    const history = new FrameHistory(WIDE, new HistoryBudget(1000));
    const kept = frame(5);
    kept.seenAgainAt(9);
    history.add(kept, 0);
    expect(history.find(1, 5)).toBe(kept);
    expect(history.find(1, 9)).toBe(kept);
    expect(history.find(1, 7)).toBeUndefined();
    expect(history.find(2, 5)).toBeUndefined();
  });

  it.each([
    ['number', { ...WIDE, historyFrames: 2 }, 1],
    ['rows', { ...WIDE, historyRows: 5 }, 2],
    ['age', { ...WIDE, historyMs: 15 }, 1],
  ])('is bounded by %s', (_, limits, rows) => {
    const history = new FrameHistory(limits, new HistoryBudget(1000));
    const frames = [frame(1, rows), frame(2, rows), frame(3, rows)] as const;
    expect(history.add(frames[0], 0)).toEqual([]);
    expect(history.add(frames[1], 10)).toEqual([]);
    expect(history.add(frames[2], 20)).toEqual([frames[0]]);
    expect(history.find(1, 1)).toBeUndefined();
    expect(history.find(1, 2)).toBe(frames[1]);
  });

  it('gives way when all histories together hold too much', () => {
    const budget = new HistoryBudget(5);
    const large = new FrameHistory(WIDE, budget);
    const small = new FrameHistory(WIDE, budget);
    large.add(frame(1, 5), 0);
    const kept = frame(2, 1);
    expect(small.add(kept, 0)).toEqual([kept]);
    large.clear();
    expect(small.add(kept, 0)).toEqual([]);
  });
});

describe('frames that follow each other', () => {
  it('share the payloads that did not change', () => {
    const before = frame(1, 3);
    const rows = before.rows.map((row) => ({ ...row, payload: Buffer.from(row.payload) }));
    const [first, second, third] = rows;
    if (!first || !second || !third) throw new Error('three rows expected');
    const after = nextFrame(before, {
      rows: [first, { ...third, place: 2, rank: 2 }, { ...second, place: 3, rank: 3 }],
      totalPlayers: 3,
      revision: 2,
      epoch: 1,
    });
    expect(after).not.toBe(before);
    expect(after.rows[0]).toBe(before.rows[0]);
    expect(after.rows[1]?.payload).toBe(before.rows[2]?.payload);
    expect(after.rows[1]?.rank).toBe(2);
  });

  it('keep no payloads alive that are shown no more, but for as much again as are shown', () => {
    let now = frame(1, 50);
    for (let revision = 2; revision < 60; revision += 1) {
      const { rows } = frame(revision, 50);
      const fresh = revision % 50;
      const mixed = now.rows.map((row, at) => (at < fresh ? (rows[at] as RankedRow) : row));
      now = nextFrame(now, { rows: mixed, totalPlayers: 50, revision, epoch: 1 });
      const kept = new Set(now.rows.map(({ payload }) => payload.buffer));
      const bytes = [...kept].reduce((sum, { byteLength }) => sum + byteLength, 0);
      const shown = now.rows.reduce((sum, { payload }) => sum + payload.length, 0);
      expect(bytes).toBeLessThanOrEqual(2 * shown);
    }
  });

  it('keep no larger buffer alive that a payload was read into', () => {
    const read = Buffer.alloc(65_536);
    const row = { ...rowOf(1, 'a', 1), payload: read.subarray(100, 140) };
    const made = nextFrame(undefined, { rows: [row], totalPlayers: 1, revision: 1, epoch: 1 });
    expect(made.rows[0]?.payload.buffer.byteLength).toBe(40);
    expect(made.rows[0]?.payload.equals(row.payload)).toBe(true);
  });
});
