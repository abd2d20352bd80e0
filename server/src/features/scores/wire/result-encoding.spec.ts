import { describe, expect, it } from 'vitest';
import { makeEntry } from '../../../../test/support/make-entry.ts';
import type { PlayerId } from '../../../domain/ids.js';
import { Outcome } from '../../../domain/outcome.js';
import type { Ranking } from '../../../domain/ranking.js';
import { StreamScoresResponse, SubmitScoreResponse } from '../../../gen/rostrum/v1/score.js';
import { encodeStandingPayload } from '../../../wire/standing-payload-encoding.js';
import type { Submitted } from '../submission-queue.js';
import { encodeStreamScoresResponse, encodeSubmitScoreResponse } from './result-encoding.js';

const ENTRY = makeEntry({ playerId: 'ada' as PlayerId, score: 12 });

function submitted(placed: boolean, replayed: boolean, previousScore: number | null): Submitted {
  return {
    recorded: {
      kind: 'recorded',
      outcome: Outcome.NOT_IMPROVED,
      replayed,
      previousScore,
      previousVersion: previousScore === null ? 0 : 1,
      entry: ENTRY,
      changed: true,
      ranking: { rankingNo: ENTRY.rankingNo } as Ranking,
      others: [],
    },
    payload: encodeStandingPayload(ENTRY),
    placement: placed
      ? { previousRank: 301, rank: 300, totalPlayers: 1_000_000, revision: 2 ** 40 }
      : undefined,
  };
}

describe('the answer to a submission', () => {
  it('is read by the generated decoder as it was written', () => {
    const { result } = SubmitScoreResponse.decode(
      encodeSubmitScoreResponse(submitted(true, false, 0)),
    );
    expect(result).toMatchObject({
      outcome: 2,
      previousRank: 301,
      previousScore: 0,
      ranked: true,
      revision: 2n ** 40n,
      totalPlayers: 1_000_000,
      replayed: false,
      unlockedAchievements: [],
    });
    expect(result?.standing).toMatchObject({ rank: 300, playerId: 'ada', score: 12 });
    expect(result?.standing?.percentile).toBeCloseTo(99.97, 2);
  });

  it('has no rank while the index cannot tell, and no previous rank when it is a repetition', () => {
    const unranked = encodeSubmitScoreResponse(submitted(false, false, null));
    expect(SubmitScoreResponse.decode(unranked).result).toMatchObject({
      ranked: false,
      revision: 0n,
      previousRank: undefined,
      previousScore: undefined,
    });
    const replayed = encodeSubmitScoreResponse(submitted(true, true, 5));
    expect(SubmitScoreResponse.decode(replayed).result).toMatchObject({
      replayed: true,
      previousRank: undefined,
      previousScore: 5,
    });
  });

  it('is the same inside a stream item', () => {
    const value = submitted(true, false, 7);
    const { item } = StreamScoresResponse.decode(encodeStreamScoresResponse(value));
    const { result } = SubmitScoreResponse.decode(encodeSubmitScoreResponse(value));
    expect(item?.item).toEqual({ $case: 'result', value: result });
  });
});
