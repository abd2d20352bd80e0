import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareEntries } from '../../../test/support/compare-entries.ts';
import { makeEntry } from '../../../test/support/make-entry.ts';
import type { Entry } from '../../domain/entry.js';
import type { PlayerId } from '../../domain/ids.js';
import { DEFAULT_SETTINGS, SortOrder } from '../../domain/leaderboard.js';
import { recordEnd, recordLength, writeRecord } from './record.js';
import { RecordGroup } from './record-group.js';

const order = fc.constantFrom(SortOrder.ASCENDING, SortOrder.DESCENDING);
const settings = fc.record({
  aggregation: fc.constant(DEFAULT_SETTINGS.aggregation),
  sortOrder: order,
  subscoreSortOrder: order,
});

// Few values, so that ties are common.
const placed = fc.record({
  score: fc.constantFrom(-1e9, -0.5, 0, 1, 2 ** 53),
  subscore: fc.integer({ min: -1, max: 1 }),
});

function entry(number: number, of: { score: number; subscore: number }): Entry {
  return makeEntry({
    ...of,
    playerId: `player-${number}` as PlayerId,
    // Unlike the numbers, and each another.
    reached: (number * 7919) % 10_007,
    version: number,
  });
}

/** A payload of its own for each, now and then a long one. */
function payloadOf({ version }: Entry): Buffer {
  return Buffer.alloc(version % 7 === 0 ? 20_000 : version % 50, version);
}

/** The parts, whose memory is used again. */
function copies(group: RecordGroup, partSize: number) {
  return Array.from(group.parts(partSize), ({ size, records }) => ({
    size,
    records: Buffer.from(records),
  }));
}

describe('a group of records', () => {
  it('gives all back, in the order of the ranking and in parts', () => {
    fc.assert(
      fc.property(
        settings,
        fc.array(placed, { maxLength: 60 }),
        fc.integer({ min: 1, max: 70 }),
        (board, places, size) => {
          const entries = places.map((place, number) => entry(number, place));
          const group = new RecordGroup(board, 1);
          for (const each of entries) group.add(each, payloadOf(each));
          expect(group.size).toBe(entries.length);

          const parts = copies(group, size);
          const sizes = parts.map((part) => part.size);
          expect(sizes.slice(0, -1).every((each) => each === size)).toBe(true);
          expect(sizes.reduce((sum, each) => sum + each, 0)).toBe(entries.length);

          const expected = entries
            .toSorted((a, b) => compareEntries(board, a, b))
            .map((each) => {
              const record = Buffer.alloc(recordLength(each.playerId, payloadOf(each).length));
              writeRecord(record, 0, board, each, payloadOf(each), 1);
              return record;
            });
          const packed = Buffer.concat(parts.map((part) => part.records));
          expect(packed.equals(Buffer.concat(expected))).toBe(true);
          expect(group.bytes).toBe(packed.length);
        },
      ),
    );
  });

  it('holds other entries when it was emptied, and more than before', () => {
    const group = new RecordGroup(DEFAULT_SETTINGS, 1);
    for (let round = 1; round <= 3; round += 1) {
      group.clear();
      const count = round * 2000;
      for (let number = 0; number < count; number += 1) {
        group.add(entry(number, { score: number % 100, subscore: round }), Buffer.of(round));
      }
      const [part] = copies(group, count);
      const records = part?.records as Buffer;
      let found = 0;
      for (let at = 0; at < records.length; at = recordEnd(records, at)) {
        expect(records[recordEnd(records, at) - 1]).toBe(round);
        found += 1;
      }
      expect(found).toBe(count);
    }
  });
});
