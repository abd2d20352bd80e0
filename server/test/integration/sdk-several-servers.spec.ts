import { type LiveViewState, RostrumClient, type ScoreResult } from '@rostrum/client';
import { describe, expect, it } from 'vitest';
import { connectToAll } from '../../../clients/typescript/examples/servers.js';
import type { ServerProcess } from '../support/server-process.ts';
import { testCertificates } from '../support/test-certificates.ts';
import { useTestService } from '../support/test-service.ts';

const service = useTestService({ servers: 2 });

function clientOfBoth(): RostrumClient {
  return RostrumClient.connect({
    address: service.servers.map(({ address }) => address),
    tls: testCertificates('admin'),
  });
}

const CALLERS = 8;
/** No call may take longer, the one that the dying server had included. */
const CALL_MS = 3_000;
const VIEWS = 6;

/** Callers who submit one after the other, and a stream, until they are stopped. */
function underLoad(client: RostrumClient, leaderboardId: string) {
  const stop = new AbortController();
  const answers: ScoreResult[] = [];
  const failures: unknown[] = [];
  const waiting: { at: number; resolve: () => void }[] = [];
  const take = (result: ScoreResult) => {
    answers.push(result);
    for (const waiter of waiting) if (answers.length >= waiter.at) waiter.resolve();
  };
  const fail = (error: unknown) => {
    failures.push(error);
  };
  const submission = (caller: number) => ({ leaderboardId, playerId: `p${caller}`, score: 1 });
  const callers = Array.from({ length: CALLERS }, async (_, caller) => {
    while (!stop.signal.aborted) {
      await client.scores.submit(submission(caller), { deadlineMs: CALL_MS }).then(take, fail);
    }
  });
  const stream = client.scores.stream({ maxInFlight: 16 });
  const streaming = (async () => {
    while (!stop.signal.aborted) {
      await stream.ready();
      void stream.submit(submission(CALLERS)).then(take, fail);
    }
    await stream.end();
  })();
  return {
    answers,
    failures,
    more: (count: number) =>
      new Promise<void>((resolve) => waiting.push({ at: answers.length + count, resolve })),
    async stop() {
      stop.abort();
      await Promise.all([...callers, streaming]);
    },
  };
}

describe('a client of two servers', () => {
  it('loses nothing when either of them is killed under load, and goes on', async () => {
    const leaderboardId = 'two';
    await using client = clientOfBoth();
    await client.scores.submit({
      leaderboardId,
      playerId: 'first',
      score: 0,
      newLeaderboard: { aggregation: 'SUM' },
    });
    const states: LiveViewState['status'][][] = [];
    const views = Array.from({ length: VIEWS }, (_, index) => {
      const view = client.watch.liveView({ leaderboardId, view: { top: 20 } });
      const told: LiveViewState['status'][] = [];
      states[index] = told;
      view.onState(({ status }) => told.push(status));
      return view;
    });
    await Promise.all(views.map((view) => view.ready()));
    const revisions: number[] = [];
    const stopFeeds = new AbortController();
    const feeds = [0, 1].map(async (feed) => {
      const watch = client.watch.changes({ leaderboardId }, { signal: stopFeeds.signal });
      for await (const message of watch) {
        expect(message.reset).toBe(false);
        if (feed === 0) revisions.push(...message.changes.map(({ revision }) => revision));
      }
    });
    const fed = Promise.allSettled(feeds);

    const load = underLoad(client, leaderboardId);
    await load.more(200);
    for (const server of service.servers) {
      await server.kill();
      // More than were on their way: the other server answers them while this one is away.
      await load.more(500);
      await server.start();
      await load.more(500);
      // Until the one that came back has work to lose again.
      await expect.poll(() => committedBy(server), { timeout: 15_000 }).toBeGreaterThan(0);
    }
    await load.stop();

    expect(load.failures).toEqual([]);
    const { standings, totalPlayers, revision } = await client.standings.listPage({
      leaderboardId,
    });
    const counted = standings.reduce((sum, { score }) => sum + score, 0);
    expect(counted).toBe(load.answers.length);
    for (const view of views) {
      await expect.poll(() => view.standings, { timeout: 20_000 }).toEqual(standings);
      expect(view).toMatchObject({ totalPlayers, state: { status: 'live' } });
    }
    // Each view hears of each loss once, and that it is over.
    for (const told of states) {
      expect(told).toEqual(told.map((_, n) => (n % 2 === 0 ? 'live' : 'interrupted')));
    }
    expect(states.flat()).toContain('interrupted');
    await expect.poll(() => revisions.at(-1), { timeout: 20_000 }).toBe(revision);
    expect(revisions).toEqual(revisions.map((_, n) => n + (revisions[0] ?? 0)));
    stopFeeds.abort();
    await fed;
  });

  it('answers every call while one of them hangs', async () => {
    const [hanging] = service.servers as [ServerProcess];
    await using client = clientOfBoth();
    const submit = (score: number) =>
      client.scores.submit({ leaderboardId: 'hanging', playerId: `p${score}`, score });
    await Promise.all(Array.from({ length: 20 }, (_, n) => submit(n)));
    hanging.signal('SIGSTOP');
    try {
      // Half of them go to the server that hangs first, with the default deadline.
      const answers = await Promise.all(Array.from({ length: 40 }, (_, n) => submit(100 + n)));
      expect(new Set(answers.map(({ outcome }) => outcome))).toEqual(new Set(['APPLIED']));
    } finally {
      hanging.signal('SIGCONT');
    }
  });

  it('tells a live view, and the loop over it, that the leaderboard was deleted', async () => {
    const leaderboardId = 'deleted';
    // As the README shows it.
    const addresses = service.servers.map(({ address }) => address);
    await using client = await connectToAll(addresses, testCertificates('admin'));
    await client.scores.submit({ leaderboardId, playerId: 'p', score: 1 });
    const view = client.watch.liveView({ leaderboardId });
    await view.ready();
    const closed = new Promise<LiveViewState>((resolve) => view.onState(resolve));
    const loop = (async () => {
      for await (const _ of view);
    })();
    const thrown = expect(loop).rejects.toMatchObject({ reason: 'LEADERBOARD_NOT_FOUND' });
    await client.leaderboards.delete({ leaderboardId });
    expect(await closed).toMatchObject({
      status: 'closed',
      error: { reason: 'LEADERBOARD_NOT_FOUND' },
    });
    await thrown;
  });
});

/** How many submissions a server has committed since it was started. */
async function committedBy(server: ServerProcess): Promise<number> {
  await using client = service.client('admin', server);
  return (await client.admin.stats()).submissions.committed;
}
