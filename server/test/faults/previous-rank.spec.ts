import type { RostrumClient, ScoreResult } from '@rostrum/client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Offset } from '../../src/stores/redis/layout.ts';
import { onRedis } from '../machine/stage/redis-pair.ts';
import { untilIndexed } from './aftermath.ts';
import { empty, SplitStage } from './split-stage.ts';

const A = 0;
const B = 1;

let stage: SplitStage;
let a: RostrumClient;
let b: RostrumClient;

beforeAll(async () => {
  stage = await SplitStage.start();
});

beforeEach(() => {
  [a, b] = [stage.client('writer', stage.servers[A]), stage.client('writer', stage.servers[B])];
});

afterEach(async () => {
  await Promise.all([a.close(), b.close()]);
});

afterAll(async () => {
  await stage?.stop();
});

const submit = (
  client: RostrumClient,
  leaderboardId: string,
  playerId: string,
  score: number,
): Promise<ScoreResult> =>
  client.scores.submit({
    leaderboardId,
    playerId,
    score,
    newLeaderboard: { aggregation: 'LATEST' },
  });

/** Ten players: p1 with score 10 stands last, p10 with 100 first. */
async function makeBoard(leaderboardId: string): Promise<void> {
  for (let n = 1; n <= 10; n += 1) await submit(a, leaderboardId, `p${n}`, n * 10);
  await Promise.all([untilIndexed(a, leaderboardId), untilIndexed(b, leaderboardId)]);
}

/** What PostgreSQL has of a player's entry. */
async function committed(
  leaderboardId: string,
  playerId: string,
  what: 'score' | 'subscore' = 'score',
): Promise<number | undefined> {
  const [row] = await stage.sql<Record<typeof what, number>>(
    `SELECT e.score, e.subscore FROM rostrum.entries e
     JOIN rostrum.rankings USING (ranking_no) JOIN rostrum.leaderboards USING (board_no)
     WHERE leaderboard_id = $1 AND e.player_id = $2`,
    [leaderboardId, playerId],
  );
  return row?.[what];
}

/** Rank 1 to 10 for the score of a player among the others of `makeBoard`. */
function rankOf(playerId: string, score: number): number {
  let rank = 1;
  for (let n = 1; n <= 10; n += 1) if (`p${n}` !== playerId && n * 10 > score) rank += 1;
  return rank;
}

/** Each rank is right, or it says that it is not known. */
function expectHonest(playerId: string, result: ScoreResult): void {
  const { ranked, standing, previousRank, previousScore } = result;
  if (!ranked) {
    expect([standing.rank, previousRank]).toEqual([0, undefined]);
    return;
  }
  expect({ rank: standing.rank, previousRank }).toEqual({
    rank: rankOf(playerId, standing.score),
    previousRank: previousScore === undefined ? undefined : rankOf(playerId, previousScore),
  });
}

/**
 * Submits over A, whose commands reach Redis only after `meanwhile`, which begins when the submission is
 * committed.
 */
async function overtaken(
  leaderboardId: string,
  playerId: string,
  score: number,
  meanwhile: () => Promise<void>,
): Promise<ScoreResult> {
  const link = stage.links[A].redis;
  link.hold();
  const submitted = submit(a, leaderboardId, playerId, score);
  await expect.poll(() => committed(leaderboardId, playerId), { interval: 5 }).toBe(score);
  await meanwhile();
  link.release();
  return await submitted;
}

/** Resolves when B's index shows a score of a player. */
async function untilSwept(leaderboardId: string, playerId: string, score: number): Promise<void> {
  await expect
    .poll(
      async () => {
        const standings = await b.standings.listPage({ leaderboardId });
        return standings.standings.find((each) => each.playerId === playerId)?.score;
      },
      { interval: 10, timeout: 900 },
    )
    .toBe(score);
}

describe('a submission that another server brings into the index first', () => {
  it('as a first entry has no rank before', async () => {
    await makeBoard('first-entry');
    const result = await overtaken('first-entry', 'new', 55, () =>
      untilSwept('first-entry', 'new', 55),
    );
    expect(result.previousRank).toBeUndefined();
    expectHonest('new', result);
  });

  it('as a change has the right rank before, or none', async () => {
    await makeBoard('change');
    const result = await overtaken('change', 'p2', 95, () => untilSwept('change', 'p2', 95));
    expectHonest('p2', result);
    expect(result.previousScore).toBe(20);
  });
});

describe('a submission that is overtaken by a later one over another server', () => {
  it.each(['p2', 'new'])(
    'has the ranks of its own score, or none, and the later one too (%s)',
    async (playerId) => {
      const leaderboardId = `overtaken-${playerId}`;
      await makeBoard(leaderboardId);
      let later: ScoreResult | undefined;
      const earlier = await overtaken(leaderboardId, playerId, 95, async () => {
        later = await submit(b, leaderboardId, playerId, 45);
      });
      expectHonest(playerId, earlier);
      expect(later).toMatchObject({ previousScore: 95 });
      expectHonest(playerId, later as ScoreResult);
      // What comes after is told in full.
      const last = await submit(a, leaderboardId, playerId, 75);
      expect(last).toMatchObject({ ranked: true, previousScore: 45 });
      expectHonest(playerId, last);
    },
  );

  it('that changes nothing has its own ranks, or none', async () => {
    const leaderboardId = 'nothing-changes';
    const best = (client: RostrumClient, playerId: string, score: number) =>
      client.scores.submit({ leaderboardId, playerId, score });
    for (let n = 1; n <= 10; n += 1) await best(a, `p${n}`, n * 10);
    await Promise.all([untilIndexed(a, leaderboardId), untilIndexed(b, leaderboardId)]);
    let later: ScoreResult | undefined;
    await overtaken(leaderboardId, 'p2', 95, async () => {
      later = await best(b, 'p2', 5);
    });
    expect(later).toMatchObject({ outcome: 'NOT_IMPROVED', standing: { score: 95 } });
    expectHonest('p2', later as ScoreResult);
  });
});

describe('a submission that finds an entry that the index lacks', () => {
  it('has the right rank before, or none, though the index has one with the same score', async () => {
    const leaderboardId = 'same-score';
    const best = (client: RostrumClient, playerId: string, score: number, subscore: number) =>
      client.scores.submit({ leaderboardId, playerId, score, subscore });
    for (const [playerId, subscore] of [
      ['x', 3],
      ['y', 2],
      ['p', 1],
    ] as const) {
      await best(a, playerId, 20, subscore);
    }
    await Promise.all([untilIndexed(a, leaderboardId), untilIndexed(b, leaderboardId)]);
    const { redis } = stage.links[B];
    redis.hold();
    // Makes p the first, which Redis learns later.
    const held = best(b, 'p', 20, 5);
    await expect.poll(() => committed(leaderboardId, 'p', 'subscore'), { interval: 5 }).toBe(5);
    const { ranked, previousRank } = await best(a, 'p', 95, 0);
    redis.release();
    expect(previousRank).toBe(ranked ? 1 : undefined);
    await held;
  });
});

describe('right after the index was lost', () => {
  it('each answer with ranks has the rank before that the feed tells', async () => {
    const leaderboardId = 'rebuilt';
    await makeBoard(leaderboardId);
    const told = new Map<number, number | undefined>();
    const answers: ScoreResult[] = [];
    for (let times = 0; times < 4; times += 1) {
      await empty(stage.redis.primary);
      await Promise.all(
        [a, b].flatMap((client, server) =>
          [1, 2, 3].map(async (caller) => {
            const playerId = `p${server * 5 + caller}`;
            for (let n = 0; n < 40; n += 1) {
              answers.push(await submit(client, leaderboardId, playerId, (n * 37) % 101));
            }
          }),
        ),
      );
    }
    const ranked = answers.filter((each) => each.ranked);
    expect(ranked.length).toBeGreaterThan(0);
    for (const { previousScore, previousRank } of ranked) {
      expect(previousScore === undefined).toBe(false);
      expect(previousRank).toBeGreaterThan(0);
    }
    // The feed of the present index: what of it was answered must agree.
    await readFeed(leaderboardId, told);
    for (const { revision, previousRank } of ranked) {
      if (told.has(revision))
        expect([revision, previousRank]).toEqual([revision, told.get(revision)]);
    }
    expect(ranked.filter(({ revision }) => told.has(revision)).length).toBeGreaterThan(10);
  });
});

/** The rank before of each change that Redis still has in the feed. */
async function readFeed(
  leaderboardId: string,
  into: Map<number, number | undefined>,
): Promise<void> {
  const [row] = await stage.sql<{ ranking_no: string }>(
    `SELECT ranking_no FROM rostrum.rankings JOIN rostrum.leaderboards USING (board_no)
     WHERE leaderboard_id = $1`,
    [leaderboardId],
  );
  await onRedis(stage.redis.primary, async (redis) => {
    for (const key of await redis.keys(`rostrum:*{r${row?.ranking_no}}:feed*`)) {
      for (const [id, fields] of await redis.xrangeBuffer(key, '-', '+')) {
        const last = Number.parseInt(String(id), 10);
        const count = Number(fields[1]);
        let at = 0;
        const changes = fields[3] as Buffer;
        for (let n = 1; n <= count; n += 1) {
          into.set(last - count + n, changes.readUInt32BE(at) || undefined);
          // Three ranks and a score come before the record, which tells its length.
          at += 20 + changes.readUInt32BE(at + 20 + Offset.LENGTH);
        }
      }
    }
  });
}
