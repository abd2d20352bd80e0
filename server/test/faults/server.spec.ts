import { randomUUID } from 'node:crypto';
import { isRostrumError, type ScoreResult } from '@rostrum/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ServerProcess } from '../support/server-process.ts';
import { expectNothingLost, untilIndexed } from './aftermath.ts';
import { Load } from './load.ts';
import { Stage } from './stage.ts';
import { Watchers } from './watchers.ts';

describe('one server', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await Stage.start();
  });

  afterAll(async () => {
    await stage?.stop();
  });

  it.each(['SUM', 'BEST'] as const)(
    'is killed again and again under load (%s): nothing is lost, no read is wrong, watchers resume',
    async (aggregation) => {
      const leaderboardId = `killed-${aggregation}`;
      await using client = stage.client();
      const load = new Load({ clients: [client], leaderboardId, aggregation });
      let watchers: Watchers | undefined;
      try {
        await load.more(100);
        watchers = await Watchers.open(client, leaderboardId, 'c0-p0');
        for (let times = 0; times < 4; times += 1) {
          await load.more(150);
          await stage.server.kill();
          await stage.server.start();
        }
        await load.more(150);
      } finally {
        await load.stop();
      }
      await expectNothingLost(stage, load, leaderboardId);
      await watchers.expectCurrent();
      // One that lasts until the next kill is one interruption.
      expect(watchers.feed.interruptions).toBeGreaterThan(0);
      await watchers.close();
    },
  );

  it('is killed between the commit and the index: the outbox brings it in before the next serves', async () => {
    const leaderboardId = 'killed-between';
    await using client = stage.client();
    const submit = (playerId: string, score: number) =>
      client.scores.submit({ leaderboardId, playerId, score, submissionId: `${playerId}-1` });
    await submit('known', 5);

    process.kill(stage.redis.pid as number, 'SIGSTOP');
    const pending: Promise<ScoreResult>[] = [];
    try {
      pending.push(submit('between', 9));
      // It is committed, and the server waits for the index.
      await expect
        .poll(() => stage.sql('SELECT 1 FROM rostrum.entries WHERE player_id = $1', ['between']))
        .toHaveLength(1);
      expect(await stage.sql('SELECT 1 FROM rostrum.outbox')).not.toEqual([]);
      await stage.server.kill();
    } finally {
      process.kill(stage.redis.pid as number, 'SIGCONT');
    }
    await stage.server.start();

    const { standings, revision } = await client.standings.listPage({ leaderboardId });
    expect(standings.map(({ playerId, score }) => [playerId, score])).toEqual([
      ['between', 9],
      ['known', 5],
    ]);
    expect(revision).toBeGreaterThan(0);
    // The caller's retry is told what had been recorded.
    const [retried] = await Promise.all(pending);
    expect(retried).toMatchObject({ outcome: 'APPLIED', replayed: true });
    expect(retried?.standing).toMatchObject({ rank: 1, score: 9, submissionCount: 1 });
  });

  it('drains on SIGTERM: what was begun is answered, what is new is refused, watches end', async () => {
    const leaderboardId = 'drained';
    await using client = stage.client();
    const load = new Load({ clients: [client], leaderboardId, aggregation: 'SUM' });
    let watchers: Watchers | undefined;
    try {
      await load.more(100);
      watchers = await Watchers.open(client, leaderboardId, 'c0-p0');
      for (let times = 0; times < 3; times += 1) {
        await load.more(150);
        const end = await stage.server.terminate(15_000);
        expect(end).toEqual({ code: 0, signal: null });
        await stage.server.start();
      }
      await load.more(150);
    } finally {
      await load.stop();
    }
    await expectNothingLost(stage, load, leaderboardId);
    await watchers.expectCurrent();
    await watchers.close();
  });

  it('ends a watch on SIGTERM with a token that resumes it after the restart', async () => {
    const leaderboardId = 'drained-watch';
    await using client = stage.client();
    const submit = (score: number) =>
      client.scores.submit({ leaderboardId, playerId: 'p', score, submissionId: randomUUID() });
    await submit(1);
    const interruptions: string[] = [];
    const revisions: number[] = [];
    const stop = new AbortController();
    const seen = Promise.withResolvers<void>();
    const following = (async () => {
      const options = {
        signal: stop.signal,
        onInterrupted: (error: { reason: string | undefined }) => {
          interruptions.push(String(error.reason));
        },
      };
      for await (const message of client.watch.changes({ leaderboardId }, options)) {
        expect(message.reset).toBe(false);
        if (message.changes.length === 0) seen.resolve();
        revisions.push(...message.changes.map(({ revision }) => revision));
      }
    })().catch((error: unknown) => error);
    await seen.promise;
    await submit(2);
    await stage.server.terminate(15_000);
    await stage.server.start();
    const last = await submit(3);
    await expect.poll(() => revisions.at(-1), { timeout: 15_000 }).toBe(last.revision);
    stop.abort();
    expect(await following).toMatchObject({ name: 'AbortError' });
    expect(interruptions[0]).toBe('SHUTTING_DOWN');
    expect(revisions).toEqual([last.revision - 1, last.revision]);
  });

  it('loses clients in the middle of batches and streams: each submission counts once or not at all', async () => {
    const leaderboardId = 'left';
    const sent: { playerId: string; submissionId: string; score: number }[] = [];
    const send = async (round: number) => {
      const client = stage.client();
      const items = Array.from({ length: 300 }, (_, n) => {
        const item = { playerId: `p${n % 20}`, submissionId: randomUUID(), score: 1 };
        sent.push(item);
        return { ...item, leaderboardId, newLeaderboard: { aggregation: 'SUM' as const } };
      });
      const answer = round % 2 === 0 ? client.scores.batchSubmit(items) : null;
      const stream = round % 2 === 0 ? undefined : client.scores.stream();
      const answers = stream ? items.map((item) => stream.submit(item)) : [];
      const settled = Promise.allSettled([answer, ...answers]);
      // In the middle of it: at the first answer, or at some moment of the batch.
      if (stream !== undefined) await Promise.race(answers);
      else await new Promise((resolve) => setTimeout(resolve, round * 2));
      await client.close();
      await settled;
    };
    await using client = stage.client();
    await client.scores.submit({
      leaderboardId,
      playerId: 'p0',
      score: 0,
      newLeaderboard: { aggregation: 'SUM' },
    });
    for (let round = 0; round < 10; round += 1) await send(round);

    // Whoever comes back with the same ids finds each counted once.
    const items = await client.scores.batchSubmit(
      sent.map((item) => ({ ...item, leaderboardId })),
      { deadlineMs: 30_000 },
    );
    expect(items.filter(({ ok }) => !ok)).toEqual([]);
    expect(items.filter(({ result }) => result?.replayed).length).toBeGreaterThan(0);
    const { standings } = await client.standings.listPage({ leaderboardId });
    const total = standings.reduce((sum, { score }) => sum + score, 0);
    expect(total).toBe(sent.length);
    const [recorded] = await stage.sql<{ count: string }>(
      'SELECT count(*) FROM rostrum.submissions JOIN rostrum.leaderboards USING (board_no) WHERE leaderboard_id = $1',
      [leaderboardId],
    );
    expect(Number(recorded?.count)).toBe(sent.length + 1);
  });
});

describe('two servers on the same stores', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await Stage.start({ servers: 2 });
  });

  afterAll(async () => {
    await stage?.stop();
  });

  it('clients go over to the other when one is killed, and back', async () => {
    const leaderboardId = 'failover';
    await using a = stage.client('writer', stage.servers[0]);
    await using b = stage.client('writer', stage.servers[1]);
    const load = new Load({ clients: [a, b], leaderboardId, aggregation: 'SUM' });
    try {
      await load.more(200);
      for (const victim of [0, 1, 0, 1]) {
        const server = stage.servers[victim] as ServerProcess;
        await server.kill();
        await load.more(150);
        await server.start();
        await load.more(150);
      }
    } finally {
      await load.stop();
    }
    await expectNothingLost(stage, load, leaderboardId);
  });

  it('a watch goes on at the other server by its token, and tells each change once', async () => {
    const leaderboardId = 'elsewhere';
    await using a = stage.client('writer', stage.servers[0]);
    await using b = stage.client('writer', stage.servers[1]);
    const load = new Load({ clients: [b], leaderboardId, aggregation: 'SUM', callers: 3 });
    const revisions: number[] = [];
    let token = '';
    const follow = async (client: typeof a, until: () => boolean) => {
      for await (const message of client.watch.changes({ leaderboardId, resumeToken: token })) {
        expect(message.reset).toBe(false);
        revisions.push(...message.changes.map(({ revision }) => revision));
        token = message.resumeToken;
        if (until()) return;
      }
    };
    try {
      await load.more(50);
      await follow(a, () => revisions.length > 100);
      await stage.servers[0]?.kill();
      await load.more(200);
      const target = revisions.length + 200;
      await follow(b, () => revisions.length > target);
    } finally {
      await load.stop();
      await stage.servers[0]?.start();
    }
    const first = revisions[0] as number;
    expect(revisions).toEqual(revisions.map((_, index) => first + index));
    await untilIndexed(b, leaderboardId);
    await expectNothingLost(stage, load, leaderboardId);
  });

  it('both lose Redis at once, empty: one rebuilds, and both serve the same', async () => {
    const leaderboardId = 'both';
    await using a = stage.client('writer', stage.servers[0]);
    await using b = stage.client('writer', stage.servers[1]);
    const loads = [a, b].map(
      (client, n) =>
        new Load({ clients: [client], leaderboardId: `${leaderboardId}-${n}`, aggregation: 'SUM' }),
    );
    try {
      for (const load of loads) await load.more(150);
      for (const wipe of [true, false, true]) {
        await stage.redis.kill();
        await Promise.all(loads.map((load) => load.more(50)));
        await stage.redis.start({ wipe });
        await Promise.all(loads.map((load) => load.more(150)));
      }
    } finally {
      await Promise.all(loads.map((load) => load.stop()));
    }
    for (const [n, load] of loads.entries()) {
      await expectNothingLost(stage, load, `${leaderboardId}-${n}`);
    }
  });

  it('whoever is told of a score by one reads it at the other, while Redis restarts', async () => {
    const leaderboardId = 'across';
    await using a = stage.client('writer', stage.servers[0]);
    await using b = stage.client('writer', stage.servers[1]);
    const load = new Load({ clients: [a, b], leaderboardId, aggregation: 'SUM' });
    try {
      await load.more(200);
      for (const wipe of [false, true, false]) {
        await stage.redis.kill();
        await load.more(100);
        await stage.redis.start({ wipe });
        await load.more(300);
        await Promise.all([untilIndexed(a, leaderboardId), untilIndexed(b, leaderboardId)]);
        await load.more(100);
      }
    } finally {
      await load.stop();
    }
    expect(load.unranked).toBeGreaterThan(0);
    await expectNothingLost(stage, load, leaderboardId);
  });

  it('refuses nothing for ever: a client whose only server is away is told so in time', async () => {
    await using client = stage.client('writer', stage.servers[0]);
    await stage.servers[0]?.kill();
    const start = performance.now();
    const error = await client.scores
      .submit({ leaderboardId: 'away', playerId: 'p', score: 1 }, { deadlineMs: 2_000 })
      .catch((e: unknown) => e);
    expect(isRostrumError(error)).toBe(true);
    expect(performance.now() - start).toBeLessThan(4_000);
    await stage.servers[0]?.start();
    await client.scores.submit({ leaderboardId: 'away', playerId: 'p', score: 1 });
  });
});
