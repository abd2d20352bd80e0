import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeEntry } from '../../test/support/make-entry.ts';
import { ListStandingsResponse, Standing } from '../gen/rostrum/v1/standing.js';
import { encodeMessage } from './encode-message.js';
import { percentileOf, writeStanding } from './standing-encoding.js';
import { encodeStandingPayload } from './standing-payload-encoding.js';

describe('standing encoding', () => {
  it('reads back through the generated decoder as payload, rank and percentile', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 31 - 1 }),
        fc.integer({ min: 0, max: 2 ** 31 - 1 }),
        fc.double({ noNaN: true }),
        (rank, others, score) => {
          const payload = encodeStandingPayload(makeEntry({ score: score + 0 }));
          const total = Math.min(rank + others, 2 ** 31 - 1);
          const bytes = encodeMessage((writer) =>
            writeStanding(writer, 1, { rank, payload }, total),
          );
          expect(ListStandingsResponse.decode(bytes).standings).toEqual([
            { ...Standing.decode(payload), rank, percentile: percentileOf(rank, total) },
          ]);
        },
      ),
    );
  });

  it('gives the first 100 percent, the last 0, a lone player 100', () => {
    expect(percentileOf(1, 5)).toBe(100);
    expect(percentileOf(5, 5)).toBe(0);
    expect(percentileOf(2, 5)).toBe(75);
    expect(percentileOf(1, 1)).toBe(100);
  });
});
