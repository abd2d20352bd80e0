import { isRostrumError } from '@rostrum/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signalPostgres } from '../support/signal-postgres.ts';
import { expectNothingLost } from './aftermath.ts';
import { Load } from './load.ts';
import { Stage } from './stage.ts';
import { Watchers } from './watchers.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.start();
});

afterAll(async () => {
  await stage?.stop();
});

describe('under load, PostgreSQL', () => {
  it.each([
    ['SUM', 0],
    ['BEST', 1_500],
  ] as const)(
    'is killed (%s) and back after %i ms: nothing is lost, no read is wrong',
    async (aggregation, awayMs) => {
      const leaderboardId = `postgres-killed-${awayMs}`;
      await using client = stage.client();
      const load = new Load({ clients: [client], leaderboardId, aggregation });
      let watchers: Watchers | undefined;
      try {
        await load.more(150);
        watchers = await Watchers.open(client, leaderboardId, 'c0-p0');
        await load.more(150);
        await stage.postgres.kill();
        await new Promise((resolve) => setTimeout(resolve, awayMs));
        await stage.postgres.start();
        await load.more(300);
      } finally {
        await load.stop();
      }
      await expectNothingLost(stage, load, leaderboardId);
      await watchers.expectCurrent();
      expect(watchers.feed.resets).toBe(0);
      await watchers.close();
    },
  );

  it('stands still: submissions wait or are refused, reads go on, and nothing counts twice', async () => {
    const leaderboardId = 'postgres-paused';
    await using client = stage.client();
    const load = new Load({ clients: [client], leaderboardId, aggregation: 'SUM' });
    try {
      await load.more(200);
      signalPostgres(stage.postgres, 'SIGSTOP');
      try {
        const reads = load.reads;
        await using reader = stage.client('reader');
        for (let times = 0; times < 20; times += 1) {
          const { revision } = await reader.standings.listPage(
            { leaderboardId },
            { deadlineMs: 1_000 },
          );
          expect(revision).toBeGreaterThan(0);
        }
        expect(load.reads).toBeGreaterThanOrEqual(reads);
        await new Promise((resolve) => setTimeout(resolve, 1_000));
      } finally {
        signalPostgres(stage.postgres, 'SIGCONT');
      }
      await load.more(200);
    } finally {
      await load.stop();
    }
    await expectNothingLost(stage, load, leaderboardId);
  });
});

describe('while PostgreSQL is down', () => {
  it('submissions are refused quickly, to be retried; reads and watches go on', async () => {
    const leaderboardId = 'postgres-down';
    await using client = stage.client();
    const submit = (playerId: string, score: number) =>
      client.scores.submit({ leaderboardId, playerId, score, submissionId: `${playerId}-1` });
    await submit('a', 1);
    await submit('b', 2);
    const view = client.watch.liveView({ leaderboardId });
    await view.ready();
    const before = await client.standings.listPage({ leaderboardId });
    const earlier = stage.server.log().length;

    await stage.postgres.kill();
    try {
      await using hasty = stage.client();
      const start = performance.now();
      const error = await hasty.scores
        .submit(
          { leaderboardId, playerId: 'c', score: 3, submissionId: 'c-1' },
          { deadlineMs: 500 },
        )
        .catch((e: unknown) => e);
      expect(performance.now() - start).toBeLessThan(1_500);
      expect(isRostrumError(error, 'STORE_UNAVAILABLE')).toBe(true);
      expect(error).toMatchObject({ code: 'UNAVAILABLE', retryAfterMs: expect.any(Number) });
      const items = await hasty.scores
        .batchSubmit([{ leaderboardId, playerId: 'd', score: 3 }], { deadlineMs: 500 })
        .catch((e: unknown) => e);
      expect(items).toMatchObject([{ ok: false, error: { reason: 'STORE_UNAVAILABLE' } }]);
      // A leaderboard that nobody has asked for yet cannot be looked up.
      await expect(
        hasty.standings.listPage({ leaderboardId: 'never-seen' }, { deadlineMs: 500 }),
      ).rejects.toMatchObject({ code: 'UNAVAILABLE' });

      // For longer than a leaderboard's settings are remembered without question.
      const until = performance.now() + 12_000;
      while (performance.now() < until) {
        expect(await client.standings.listPage({ leaderboardId })).toEqual(before);
        expect((await client.standings.get({ leaderboardId, playerId: 'a' })).standing.rank).toBe(
          2,
        );
        const around = await client.standings.around({ leaderboardId, playerId: 'b', count: 2 });
        expect(around.standings).toEqual(before.standings);
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
      expect(view.standings).toEqual(before.standings);
    } finally {
      await stage.postgres.start();
    }
    const late = await submit('c', 3);
    expect(late).toMatchObject({ outcome: 'APPLIED', replayed: false, standing: { rank: 1 } });
    await expect
      .poll(() => view.standings.map(({ playerId }) => playerId))
      .toEqual(['c', 'b', 'a']);
    await view.close();
    const logged = stage.server.log().slice(earlier);
    // For an outage of so many refusals and questions: what is wrong, once for each message, and no stack.
    const counts = Map.groupBy(logged, ({ msg }) => msg);
    expect(counts.get('PostgreSQL is away')).toHaveLength(1);
    expect(counts.get('PostgreSQL is back')).toHaveLength(1);
    expect(JSON.stringify(logged)).not.toContain('stack');
    expect(logged.length).toBeLessThan(20);
  });

  it('and Redis too, everything is refused in time, and all is well when both are back', async () => {
    const leaderboardId = 'both-down';
    await using client = stage.client();
    await client.scores.submit({ leaderboardId, playerId: 'a', score: 1, submissionId: 'a-1' });
    let interruptions = 0;
    const onInterrupted = () => {
      interruptions += 1;
    };
    const view = client.watch.liveView({ leaderboardId }, { onInterrupted });
    await view.ready();
    await Promise.all([stage.postgres.kill(), stage.redis.kill()]);
    const start = performance.now();
    const answers = await Promise.allSettled([
      client.scores.submit({ leaderboardId, playerId: 'b', score: 1 }, { deadlineMs: 1_000 }),
      client.standings.listPage({ leaderboardId }, { deadlineMs: 1_000 }),
      client.standings.get({ leaderboardId, playerId: 'a' }, { deadlineMs: 1_000 }),
    ]);
    expect(performance.now() - start).toBeLessThan(3_000);
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 'rejected', reason: { code: 'UNAVAILABLE' } });
    }
    await stage.redis.start();
    await stage.postgres.start();
    const { standings } = await client.standings.listPage(
      { leaderboardId },
      { deadlineMs: 30_000 },
    );
    expect(standings.map(({ playerId }) => playerId)).toEqual(['a']);
    const again = await client.scores.submit(
      { leaderboardId, playerId: 'a', score: 1, submissionId: 'a-1' },
      { deadlineMs: 30_000 },
    );
    expect(again).toMatchObject({ outcome: 'APPLIED', replayed: true });
    await client.scores.submit({ leaderboardId, playerId: 'c', score: 2 }, { deadlineMs: 30_000 });
    await expect.poll(() => view.standings[0]?.playerId, { timeout: 15_000 }).toBe('c');
    expect(interruptions).toBe(0);
    await view.close();
  });
});

describe('while Redis is down', () => {
  it('submissions are acknowledged without ranks, and every read is exact', async () => {
    const leaderboardId = 'redis-down';
    await using client = stage.client();
    await client.scores.submit({ leaderboardId, playerId: 'p0', score: 50, subscore: 1 });
    await stage.redis.kill();
    try {
      for (let n = 1; n <= 30; n += 1) {
        const result = await client.scores.submit({
          leaderboardId,
          playerId: `p${n}`,
          score: n % 7,
          displayName: `N ${n}`,
        });
        expect(result).toMatchObject({ outcome: 'APPLIED', ranked: false, revision: 0 });
        expect(result.standing).toMatchObject({ rank: 0, score: n % 7, submissionCount: 1 });
        const own = await client.standings.get({ leaderboardId, playerId: `p${n}` });
        const { standings } = await client.standings.listPage({ leaderboardId });
        expect(own).toMatchObject({ totalPlayers: n + 1, revision: 0 });
        expect(standings.findIndex(({ playerId }) => playerId === `p${n}`)).toBe(
          own.standing.rank - 1,
        );
        expect(standings[own.standing.rank - 1]).toEqual(own.standing);
        // Equal scores: whoever reached it first stands higher.
        const order = standings.map(({ score, playerId }) => [-score, Number(playerId.slice(1))]);
        expect(order).toEqual(order.toSorted(([a = 0, i = 0], [b = 0, j = 0]) => a - b || i - j));
      }
      const listed = await client.standings.listPage({ leaderboardId });
      for (const count of [1, 2, 5, 30, 31, 32]) {
        for (const at of [0, 1, 15, 29, 30]) {
          const playerId = listed.standings[at]?.playerId as string;
          const around = await client.standings.around({ leaderboardId, playerId, count });
          const first = Math.max(0, Math.min(at - Math.floor(count / 2), 31 - count));
          expect(around.standings).toEqual(listed.standings.slice(first, first + count));
        }
      }
    } finally {
      await stage.redis.start();
    }
    const before = await client.standings.listPage({ leaderboardId });
    await expect
      .poll(async () => (await client.standings.listPage({ leaderboardId })).revision, {
        timeout: 10_000,
      })
      .toBeGreaterThan(0);
    const after = await client.standings.listPage({ leaderboardId });
    expect(after.standings).toEqual(before.standings);
  });
});
