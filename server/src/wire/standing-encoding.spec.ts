import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ListStandingsResponse, Standing } from '../gen/rostrum/v1/standing.js';
import {
  encodeStanding,
  percentileOf,
  standingsLength,
  writeStandingsInto,
} from './standing-encoding.js';

function standing(playerId: string, score: number): Standing {
  return {
    rank: 0,
    playerId,
    displayName: 'Ada',
    score,
    subscore: -1,
    percentile: 0,
    tier: '',
    submissions: 3,
    achievedTime: { seconds: 1_790_000_000n, nanos: 1000 },
    updateTime: { seconds: 1_790_000_001n, nanos: 0 },
    metadata: undefined,
  };
}

function payloadOf(message: Standing): Buffer {
  return Buffer.from(Standing.encode(message).finish());
}

describe('standing encoding', () => {
  it('reads back through the generated decoder as payload, rank and percentile', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 31 - 1 }),
        fc.integer({ min: 0, max: 2 ** 31 - 1 }),
        fc.double({ noNaN: true }),
        (rank, others, score) => {
          const message = standing('p1', Object.is(score, -0) ? 0 : score);
          const total = Math.min(rank + others, 2 ** 31 - 1);
          const bytes = encodeStanding({ rank, payload: payloadOf(message) }, total);
          expect(Standing.decode(bytes)).toEqual({
            ...message,
            rank,
            percentile: percentileOf(rank, total),
          });
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

  it('writes a list in exactly the bytes it announces', () => {
    const messages = Array.from({ length: 300 }, (_, i) => standing(`player-${i}`, 1000 - i));
    const rows = messages.map((message, i) => ({ rank: i + 1, payload: payloadOf(message) }));
    const buffer = Buffer.alloc(standingsLength(rows, 300));
    expect(writeStandingsInto(buffer, 0, 1, rows, 300)).toBe(buffer.length);
    expect(ListStandingsResponse.decode(buffer).standings).toEqual(
      messages.map((message, i) => ({
        ...message,
        rank: i + 1,
        percentile: percentileOf(i + 1, 300),
      })),
    );
  });
});
