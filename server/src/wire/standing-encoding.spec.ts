import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ListStandingsResponse, Standing } from '../gen/rostrum/v1/standing.js';
import { encodeMessage } from './encode-message.js';
import { percentileOf, writeStanding } from './standing-encoding.js';

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
          const bytes = encodeMessage((writer) =>
            writeStanding(writer, 1, { rank, payload: payloadOf(message) }, total),
          );
          expect(ListStandingsResponse.decode(bytes).standings).toEqual([
            { ...message, rank, percentile: percentileOf(rank, total) },
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
