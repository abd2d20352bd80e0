import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeEntry } from '../../../../test/support/make-entry.ts';
import { createTestRedis, type TestRedis } from '../../../../test/support/test-redis.ts';
import type { BoardNo, LeaderboardId, PlayerId, RankingNo, SeasonNo } from '../../../domain/ids.js';
import type { LifeId } from '../../../domain/index-rules.js';
import { DEFAULT_SETTINGS } from '../../../domain/leaderboard.js';
import type { Ranking, RankingRead } from '../../../domain/ranking.js';
import { RedisConnection } from '../connection.js';
import { rankingKeys } from '../keys.js';
import { RedisRankingIndex } from '../ranking-index.js';

const EPOCH = 1;
let own: TestRedis;
let connection: RedisConnection;
let index: RedisRankingIndex;
let rankings = 0;

beforeAll(async () => {
  own = await createTestRedis();
  connection = new RedisConnection({ url: own.url, commandTimeoutMs: 5_000 });
  await new Promise<void>((resolve) => connection.onReady(resolve));
  connection.admit(connection.redis);
  index = new RedisRankingIndex(connection, 1_000, 1);
});

afterAll(async () => {
  connection?.close();
  await own?.[Symbol.asyncDispose]();
});

/** Every second player's record is too large for a member of the order. */
const payloadOf = (number: number): Buffer => Buffer.alloc(number % 2 === 0 ? 300 : 5, number);

/** Players p1, p2, … with scores that fall; those of `left` have left. */
async function rankingOf(players: number, left: readonly number[] = []): Promise<Ranking> {
  rankings += 1;
  const ranking: Ranking = {
    rankingNo: rankings as RankingNo,
    boardNo: 1 as BoardNo,
    seasonNo: 1 as SeasonNo,
    leaderboardId: 'board' as LeaderboardId,
    settings: DEFAULT_SETTINGS,
  };
  const tenure = { life: 'a life' as LifeId, redis: connection.redis };
  const build = await index.beginBuild(ranking, undefined, EPOCH, tenure);
  await index.swap(ranking, build, 0, 0);
  const writes = Array.from({ length: players }, (_, at) => {
    const number = at + 1;
    const entry = makeEntry({
      rankingNo: ranking.rankingNo,
      playerId: `p${number}` as PlayerId,
      score: -number,
      reached: number,
      version: number,
      ranked: !left.includes(number),
    });
    return { entry, payload: payloadOf(number) };
  });
  await index.apply(ranking, EPOCH, writes);
  return ranking;
}

const p = (number: number): PlayerId => `p${number}` as PlayerId;

/** What each read shows, as `place player`; the payloads must be theirs. */
async function shown(ranking: Ranking, reads: readonly RankingRead[]): Promise<string[][]> {
  const answer = await index.read(ranking, EPOCH, reads);
  if (answer.status !== 'answered') throw new Error(answer.status);
  return answer.value.map(({ rows }) =>
    rows.map(({ place, playerId, score, payload }) => {
      expect(payload).toEqual(payloadOf(-score));
      return `${place} ${playerId}`;
    }),
  );
}

describe('reads of the index', () => {
  it('are answered together, each by its own rows', async () => {
    const ranking = await rankingOf(6);
    const answers = await shown(ranking, [
      { kind: 'range', start: 1, count: 2 },
      { kind: 'player', playerId: p(5) },
      { kind: 'players', playerIds: [p(6), 'nobody' as PlayerId, p(2)] },
      { kind: 'around', playerId: p(1), count: 3 },
      { kind: 'around', playerId: p(6), count: 3 },
      { kind: 'aroundScore', score: -2.5, count: 2 },
      { kind: 'player', playerId: 'nobody' as PlayerId },
      { kind: 'range', start: 6, count: 1 },
    ]);
    expect(answers).toEqual([
      ['2 p2', '3 p3'],
      ['5 p5'],
      ['6 p6', '2 p2'],
      ['1 p1', '2 p2', '3 p3'],
      ['4 p4', '5 p5', '6 p6'],
      ['2 p2', '3 p3'],
      [],
      [],
    ]);
  });

  it('do not show players who left, who stand nowhere', async () => {
    const ranking = await rankingOf(5, [2, 4]);
    const answers = await shown(ranking, [
      { kind: 'range', start: 0, count: 10 },
      { kind: 'player', playerId: p(2) },
      { kind: 'players', playerIds: [p(4), p(5)] },
      { kind: 'around', playerId: p(4), count: 3 },
    ]);
    expect(answers).toEqual([['1 p1', '2 p3', '3 p5'], [], ['3 p5'], []]);
    const inspected = await index.inspect(ranking, EPOCH, [p(1), p(2)]);
    expect(inspected).toMatchObject({
      value: { players: 3, inspections: [{ found: { score: -1 } }, { found: undefined }] },
    });
    const listed = await index.scan(ranking, EPOCH, '0');
    expect(listed).toMatchObject({ value: { cursor: '0' } });
    if (listed.status === 'answered') {
      expect(listed.value.playerIds.toSorted()).toEqual(['p1', 'p3', 'p5']);
    }
  });

  it('are refused by an index of another epoch, and by one that is not there', async () => {
    const ranking = await rankingOf(1);
    const all: RankingRead = { kind: 'range', start: 0, count: 1 };
    expect(await index.read(ranking, EPOCH + 2, [all])).toEqual({ status: 'otherEpoch' });
    await index.remove(ranking.rankingNo);
    expect(await index.read(ranking, EPOCH, [all])).toEqual({ status: 'absent' });
  });

  it.each([
    ['the order', 4],
    ['the entries', 5],
  ])('are refused by an index that lost %s', async (_, at) => {
    const ranking = await rankingOf(3, [2]);
    // The keys of an odd epoch.
    await connection.unlink([rankingKeys(ranking.rankingNo)[at] as string]);
    const all: RankingRead = { kind: 'range', start: 0, count: 1 };
    expect(await index.read(ranking, EPOCH, [all])).toEqual({ status: 'absent' });
    expect((await index.state(ranking)).epoch).toBeUndefined();
  });
});
