import { describe, expect, it } from 'vitest';
import type { Entry } from '../domain/entry.js';
import type { PlayerId, RankingNo } from '../domain/ids.js';
import { Standing } from '../gen/rostrum/v1/standing.js';
import { encodeStandingPayload } from './standing-payload-encoding.js';

const ENTRY: Entry = {
  rankingNo: 1 as RankingNo,
  playerId: 'ada' as PlayerId,
  score: -12.5,
  subscore: 2 ** 53,
  reached: 4097,
  version: 4097,
  submissions: 300,
  achievedUs: 1_795_191_009_154_245,
  updateUs: 1_795_191_010_000_000,
  displayName: 'Ada 🏆',
  metadata: '{"replay":"r1","lap":[1,null,true,{"x":2.5}]}',
  ranked: true,
};

describe('the payload of a standing', () => {
  it('is read by the generated decoder as it was written', () => {
    expect(Standing.decode(encodeStandingPayload(ENTRY))).toEqual({
      rank: 0,
      playerId: 'ada',
      displayName: 'Ada 🏆',
      score: -12.5,
      subscore: 2 ** 53,
      percentile: 0,
      tier: '',
      submissions: 300,
      achievedTime: { seconds: 1_795_191_009n, nanos: 154_245_000 },
      updateTime: { seconds: 1_795_191_010n, nanos: 0 },
      metadata: { replay: 'r1', lap: [1, null, true, { x: 2.5 }] },
    });
  });

  it('leaves out what is not there', () => {
    const bare = { ...ENTRY, score: 0, subscore: 0, displayName: '', metadata: null };
    const decoded = Standing.decode(encodeStandingPayload(bare));
    expect(decoded).toMatchObject({ score: 0, subscore: 0, displayName: '', submissions: 300 });
    expect(decoded.metadata).toBeUndefined();
  });

  it('has room for the longest ids and largest numbers', () => {
    const large = {
      ...ENTRY,
      playerId: 'p'.repeat(128) as PlayerId,
      submissions: 2 ** 31 - 1,
      achievedUs: 2 ** 53 - 2,
      updateUs: 2 ** 53 - 1,
    };
    const decoded = Standing.decode(encodeStandingPayload(large));
    expect(decoded.playerId).toBe(large.playerId);
    expect(decoded.submissions).toBe(large.submissions);
  });
});
