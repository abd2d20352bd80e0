import { setTimeout as delay } from 'node:timers/promises';
import type { RostrumClient } from '@rostrum/client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { LogLine } from '../support/server-process.ts';
import { expectNothingLost, untilIndexed } from './aftermath.ts';
import { SplitLoad } from './split-load.ts';
import { empty, SplitStage } from './split-stage.ts';

const A = 0;
const B = 1;
/** By how much the second server is later. */
const APART_MS = 3_000;

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

interface Failover {
  readonly name: string;
  /** Moves the servers, while the load goes on. */
  readonly run: (load: SplitLoad) => Promise<void>;
}

/** The replica becomes the primary; B is led there at once, A later. The old one stays alive. */
async function promoteAndMove(
  load: SplitLoad,
  onPromoted: () => Promise<void> = async () => {},
): Promise<void> {
  await stage.redis.promote();
  await onPromoted();
  stage.move(B, stage.redis.primary);
  await Promise.all([delay(APART_MS), load.more(100)]);
  stage.move(A, stage.redis.primary);
}

const FAILOVERS: readonly Failover[] = [
  { name: 'to a replica that is up to date', run: promoteAndMove },
  {
    name: 'to a stale replica',
    run: async (load) => {
      await stage.redis.cutReplica();
      await load.more(200);
      await promoteAndMove(load);
    },
  },
  {
    name: 'to an empty Redis',
    run: (load) => promoteAndMove(load, () => empty(stage.redis.primary)),
  },
  {
    name: 'and back to the old primary, which kept what it had',
    run: async (load) => {
      const old = stage.redis.primary;
      await promoteAndMove(load);
      await load.more(100);
      stage.redis.becamePrimary(old);
      stage.move(B, old);
      await delay(APART_MS);
      stage.move(A, old);
      await load.more(100);
    },
  },
  {
    name: 'while one server stands still',
    run: async (load) => {
      load.servers = [B];
      stage.servers[A].signal('SIGSTOP');
      try {
        await stage.redis.promote();
        stage.move(B, stage.redis.primary);
        await Promise.all([delay(APART_MS), load.more(100)]);
      } finally {
        stage.servers[A].signal('SIGCONT');
        load.servers = [A, B];
      }
      // Its connection still leads to the old primary, and what it was about to answer is old.
      await load.more(100);
      stage.move(A, stage.redis.primary);
    },
  },
  {
    name: 'three times in a row',
    run: async (load) => {
      for (let move = 0; move < 3; move += 1) {
        await stage.redis.promote();
        stage.move(B, stage.redis.primary);
        await delay(400 * move);
        stage.move(A, stage.redis.primary);
        await load.more(20);
        if (move < 2) await stage.redis.follow();
      }
    },
  },
];

describe('Redis fails over under load, and one server arrives later,', () => {
  it.each(FAILOVERS)(
    '$name: nothing is lost, and no read lacks what was ranked',
    async (failover) => {
      const leaderboardId = `failover-${failover.name.replaceAll(/[^a-z]+/gi, '-')}`;
      const load = new SplitLoad([a, b], leaderboardId);
      try {
        await load.more(200);
        await failover.run(load);
        await load.more(200);
        await Promise.all([untilIndexed(a, leaderboardId), untilIndexed(b, leaderboardId)]);
        await load.more(100);
      } finally {
        await load.stop();
      }
      expect(load.ranked.every((count) => count > 0)).toBe(true);
      await expectNothingLost(stage, load, leaderboardId);
      await stage.heal();
    },
  );
});

describe('of two servers on two Redis servers', () => {
  it('the one that only reads never answers from the Redis that was given up', async () => {
    const leaderboardId = 'only-reads';
    const submit = (n: number) =>
      b.scores.submit({ leaderboardId, playerId: `p${n}`, score: n, submissionId: `s${n}` });
    for (let n = 1; n <= 5; n += 1) await submit(n);
    await untilIndexed(a, leaderboardId);
    await stage.redis.promote();
    stage.move(B, stage.redis.primary);
    const start = performance.now();
    let served = 0;
    let unrankedMs = 0;
    for (let n = 6; performance.now() - start < APART_MS || served < 50; n += 1) {
      const { ranked } = await submit(n);
      if (ranked) served += 1;
      if (served === 0) unrankedMs = performance.now() - start;
      const { totalPlayers, revision } = await a.standings.listPage({ leaderboardId });
      // B answers with ranks again: from now on the index that A can reach is not the one that serves.
      if (ranked && served > 1)
        expect({ n, totalPlayers, revision }).toMatchObject({ totalPlayers: n, revision: 0 });
    }
    console.info(`the other server gave ranks again after ${Math.round(unrankedMs)} ms`);
    expect(unrankedMs).toBeLessThan(6_000);
    stage.move(A, stage.redis.primary);
    await untilIndexed(a, leaderboardId);
    await stage.heal();
  });

  it('the one that stood still meanwhile does not take what it did not hear for silence', async () => {
    const leaderboardId = 'stood-still';
    const player = { leaderboardId, playerId: 'p' };
    await a.scores.submit({ ...player, score: 0 });
    // So that it nearly always stops with a question on its way to PostgreSQL.
    await stage.links[A].postgres.set('slow');
    for (let round = 1; round <= 5; round += 1) {
      await untilIndexed(a, leaderboardId);
      stage.servers[A].signal('SIGSTOP');
      await stage.redis.promote();
      stage.move(B, stage.redis.primary);
      while (!(await b.scores.submit({ ...player, score: round })).ranked) await delay(20);
      const reads = Array.from({ length: 10 }, () => a.standings.get(player));
      await delay(50);
      stage.servers[A].signal('SIGCONT');
      const scores = (await Promise.all(reads)).map(({ standing }) => standing.score);
      expect({ round, scores }).toEqual({ round, scores: scores.map(() => round) });
      stage.move(A, stage.redis.primary);
      await stage.heal();
    }
    await stage.links[A].postgres.set('pass');
  });
});

describe('a server that does not reach PostgreSQL, on a Redis that was given up,', () => {
  afterEach(async () => {
    await stage.links[A].postgres.set('pass');
    stage.move(A, stage.redis.primary);
    await stage.heal();
  });

  it.each([
    ['it reaches PostgreSQL again', () => stage.links[A].postgres.set('pass'), 'p3 p2 p1'],
    ['its Redis becomes a replica', () => stage.redis.follow(), 'UNAVAILABLE'],
  ])('shows old standings until %s', async (mended, mend, then) => {
    const leaderboardId = `cut-off-${mended.replaceAll(' ', '-')}`;
    const submit = (score: number) =>
      b.scores.submit({ leaderboardId, playerId: `p${score}`, score });
    const shown = () =>
      a.standings.listPage({ leaderboardId }, { deadlineMs: 1_000 }).then(
        ({ standings }) => standings.map(({ playerId }) => playerId).join(' '),
        ({ code }) => String(code),
      );
    await submit(1);
    await untilIndexed(a, leaderboardId);
    await stage.links[A].postgres.set('refuse');
    await stage.redis.promote();
    stage.move(B, stage.redis.primary);
    await submit(2);
    await untilIndexed(b, leaderboardId);
    await submit(3);
    // Where answers of PostgreSQL were slow before, its silence counts only after some seconds.
    await expect.poll(shown, { timeout: 10_000 }).toBe('p1');
    for (let times = 0; times < 20; times += 1) expect(await shown()).toBe('p1');
    await mend();
    await expect.poll(shown, { timeout: 3_000 }).toBe(then);
  });
});

describe('while servers are led to the same Redis', () => {
  it('what a server committed and did not rank before it was killed, the other ranks', async () => {
    const leaderboardId = 'left-behind';
    await a.scores.submit({ leaderboardId, playerId: 'known', score: 5 });
    await Promise.all([untilIndexed(a, leaderboardId), untilIndexed(b, leaderboardId)]);
    await stage.links[A].redis.set('hole');
    const left = { leaderboardId, playerId: 'left', score: 9, submissionId: 'left-1' };
    const submitted = a.scores.submit(left, { deadlineMs: 30_000 });
    try {
      const committed = () => stage.sql(`SELECT FROM rostrum.entries WHERE player_id = 'left'`);
      await expect.poll(committed, { timeout: 10_000, interval: 5 }).toHaveLength(1);
      await stage.servers[A].kill();
      const ranked = async () => {
        const { revision, standings } = await b.standings.listPage({ leaderboardId });
        return revision > 0 && standings.map(({ playerId }) => playerId).join(' ');
      };
      await expect.poll(ranked, { timeout: 3_000 }).toBe('left known');
    } finally {
      await stage.links[A].redis.set('pass');
      await stage.servers[A].start();
    }
    // Whether it was answered before the end of the server or is a repetition: it counted once.
    expect(await submitted).toMatchObject({ outcome: 'APPLIED', standing: { submissionCount: 1 } });
  });

  /** What they say of their index. */
  const listen = () => {
    const lines: LogLine[] = [];
    const stops = stage.servers.map((server) => {
      const before = server.log().length;
      let seen = 0;
      return server.onLine((line) => {
        seen += 1;
        if (seen > before) lines.push(line);
      });
    });
    const stop = () => {
      for (const each of stops) each();
    };
    return { lines, stop };
  };

  it('its restart with its data keeps them from it for moments', async () => {
    const leaderboardId = 'restarted';
    await a.scores.submit({ leaderboardId, playerId: 'p', score: 1 });
    await untilIndexed(b, leaderboardId);
    await stage.redis.primary.kill();
    await stage.redis.primary.start();
    const start = performance.now();
    const took = await Promise.all(
      [a, b].map(async (client) => {
        while ((await client.standings.listPage({ leaderboardId })).revision === 0) await delay(5);
        return Math.round(performance.now() - start);
      }),
    );
    console.info(`both served from a restarted Redis after ${took.join(' and ')} ms`);
    expect(Math.max(...took)).toBeLessThan(6_000);
    await stage.heal();
  });

  it('a connection that breaks sends hardly a read elsewhere, and costs no index', async () => {
    const leaderboardId = 'broken-connection';
    await a.scores.submit({ leaderboardId, playerId: 'p', score: 1 });
    await untilIndexed(a, leaderboardId);
    const { lines, stop } = listen();
    const revisions: number[] = [];
    let reading = true;
    const readers = Array.from({ length: 6 }, async () => {
      while (reading) {
        revisions.push((await a.standings.listPage({ leaderboardId })).revision);
        await delay(1);
      }
    });
    for (let times = 0; times < 3; times += 1) {
      await stage.links[A].redis.set('cut');
      await stage.links[A].redis.set('pass');
      await delay(700);
    }
    await untilIndexed(a, leaderboardId);
    reading = false;
    await Promise.all(readers);
    stop();
    const elsewhere = revisions.filter((revision) => revision === 0).length;
    console.info(`${elsewhere} of ${revisions.length} reads were answered by PostgreSQL`);
    expect(elsewhere).toBeLessThan(revisions.length * 0.1);
    expect(lines.filter(({ msg }) => /built|taken over|new life/.test(msg ?? ''))).toEqual([]);
  });

  it.each(['redis', 'postgres'] as const)(
    'connections to %s that break again and again end no server, and no watch',
    async (store) => {
      const leaderboardId = `flapping-${store}`;
      await a.scores.submit({ leaderboardId, playerId: 'p0', score: 0 });
      await untilIndexed(a, leaderboardId);
      const view = a.watch.liveView({ leaderboardId });
      await view.ready();
      const { pid, ended } = stage.servers[A];
      let isOver = false;
      void ended.then(() => {
        isOver = true;
      });
      const link = stage.links[A][store];
      for (let times = 1; times <= 120 && !isOver; times += 1) {
        await link.set('cut');
        await link.set('pass');
        // Long enough to connect, and then to break at another step each time.
        await delay(21 + (times % 30));
        void a.scores.submit({ leaderboardId, playerId: 'p0', score: 0 }).catch(() => {});
      }
      expect([isOver, stage.servers[A].pid]).toEqual([false, pid]);
      await a.scores.submit({ leaderboardId, playerId: 'p1', score: 1 });
      const shown = () => view.standings.map(({ playerId }) => playerId);
      await expect.poll(shown, { timeout: 10_000 }).toEqual(['p1', 'p0']);
      await view.close();
    },
  );
});
