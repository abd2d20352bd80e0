import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareEntries } from '../../../test/support/compare-entries.ts';
import { makeEntry } from '../../../test/support/make-entry.ts';
import type { Entry } from '../../domain/entry.js';
import type { PlayerId } from '../../domain/ids.js';
import { Aggregation, type LeaderboardSettings, SortOrder } from '../../domain/leaderboard.js';
import { MAX_SCORE } from '../../domain/score.js';
import { Offset } from './layout.js';
import {
  payloadStart,
  readPlayerId,
  readScore,
  readTieBreak,
  readVersion,
  recordLength,
  writeRecord,
} from './record.js';

const PAYLOAD = Buffer.from('payload');

const order = fc.constantFrom(SortOrder.ASCENDING, SortOrder.DESCENDING);
const settings: fc.Arbitrary<LeaderboardSettings> = fc.record({
  aggregation: fc.constant(Aggregation.BEST),
  sortOrder: order,
  subscoreSortOrder: order,
});

// Few values, so that ties and near-ties are common, and the ends of the range.
const score = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.constantFrom(MAX_SCORE, -MAX_SCORE, MAX_SCORE - 1, 0.1, -0.1, Number.MIN_VALUE, 1e-300),
  fc.double({ min: -MAX_SCORE, max: MAX_SCORE, noNaN: true }).map((value) => value + 0),
);
const entry: fc.Arbitrary<Entry> = fc
  .record({
    playerId: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,9}$/) as fc.Arbitrary<PlayerId>,
    score,
    subscore: score,
    reached: fc.maxSafeNat(),
    version: fc.maxSafeNat(),
  })
  .map(makeEntry);

function record(board: LeaderboardSettings, of: Entry): Buffer {
  const buffer = Buffer.alloc(recordLength(of.playerId, PAYLOAD.length));
  expect(writeRecord(buffer, 0, board, of, PAYLOAD, 1)).toBe(buffer.length);
  return buffer;
}

/** As a sorted set compares: by score, then by the bytes of the members. */
function compareInIndex(a: Buffer, b: Buffer): number {
  return a.readDoubleBE(Offset.SCORE) - b.readDoubleBE(Offset.SCORE) || a.compare(b);
}

describe('a record', () => {
  it('sorts in the index exactly as its entry stands in the ranking', () => {
    fc.assert(
      fc.property(settings, entry, entry, (board, a, b) => {
        const inIndex = Math.sign(compareInIndex(record(board, a), record(board, b)));
        expect(inIndex).toBe(Math.sign(compareEntries(board, a, b)));
      }),
      { numRuns: 5000 },
    );
  });

  it('gives back what was written', () => {
    fc.assert(
      fc.property(settings, entry, (board, of) => {
        const written = record(board, of);
        expect({
          playerId: readPlayerId(written, 0),
          score: readScore(board, written, 0),
          version: readVersion(written, 0),
          ...readTieBreak(board, written),
        }).toEqual({
          playerId: of.playerId,
          score: of.score,
          version: of.version,
          subscore: of.subscore,
          reached: of.reached,
        });
        expect(written.subarray(payloadStart(written, 0)).equals(PAYLOAD)).toBe(true);
      }),
    );
  });
});
