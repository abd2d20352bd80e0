import { dirname } from 'node:path';
import type { ChangesMessage, RostrumClient } from '@rostrum/client';
import { describe, expect, it, vi } from 'vitest';
import { admin } from '../../../clients/typescript/examples/admin.js';
import { connect } from '../../../clients/typescript/examples/connect.js';
import { leaderboards } from '../../../clients/typescript/examples/leaderboards.js';
import { scores } from '../../../clients/typescript/examples/scores.js';
import { standings } from '../../../clients/typescript/examples/standings.js';
import {
  followChanges,
  showLeader,
  waitForNewLeader,
  watchFromTheStart,
} from '../../../clients/typescript/examples/watch.js';
import { type TestIdentity, testCertificates } from '../support/test-certificates.ts';
import { useTestService } from '../support/test-service.ts';

const service = useTestService();

function clientAs(identity: TestIdentity): RostrumClient {
  return service.client(identity);
}

const range = (count: number) => Array.from({ length: count }, (_, index) => index);

describe('the examples of the SDK', () => {
  it('do what its README says', async () => {
    const printed = vi.spyOn(console, 'log').mockImplementation(() => {});
    await using client = clientAs('admin');
    // Before the leaderboard has its first score.
    const view = watchFromTheStart(client);
    const certificates = dirname(testCertificates('writer').cert);
    expect(await connect(service.server.address, certificates)).toMatchObject({
      outcome: 'APPLIED',
      standing: { rank: 1, percentile: 100 },
    });
    await view.ready();
    // It may have come between the leaderboard and its first score.
    await expect.poll(() => view.standings).toMatchObject([{ playerId: 'ada', rank: 1 }]);
    await view.close();
    expect(await leaderboards(client)).toEqual(
      expect.arrayContaining([
        'race: Race times',
        'derby: does not exist',
        expect.stringMatching(/^the leaderboard race .* its aggregation is BEST, not SUM;/),
      ]),
    );

    const stopped = new AbortController();
    const revisions: number[] = [];
    const fed = Promise.withResolvers<void>();
    const following = followChanges(
      client,
      async (_token, told) => {
        revisions.push(...told);
        if (revisions.length >= 1_003) fed.resolve();
      },
      { signal: stopped.signal },
    ).catch((error: unknown) => error);
    const newLeader = waitForNewLeader(client, 'ada');
    const shown: string[] = [];
    const leader = showLeader(client, (line) => shown.push(line));
    await using feed = await openFeed(client, 'arena');
    expect(await scores(client)).toEqual([
      'APPLIED: rank 1 of 1',
      'APPLIED',
      'INVALID_FIELD',
      expect.stringMatching(/^p999: rank \d+$/),
      'playerId',
    ]);
    await feed.until((told) => told.length >= 1_003);

    expect(await standings(client)).toEqual([
      '1. ada 1200',
      '2. p999 999.5',
      '3. p998 998',
      'ada: 1 of 1002, better than 100 %',
      'nobody: no rank yet',
      'p501 p500 p499',
      '1: ada',
      '2: p1',
      'without a standing: nobody',
      '502 players with 500 or more',
    ]);
    await client.scores.submit({ leaderboardId: 'arena', playerId: 'eve', score: 5_000 });
    expect(await newLeader).toBe('eve');
    await expect.poll(() => shown).toContain('leader: eve');
    await leader.close();
    expect(shown[0]).toBe('live');
    expect(shown.at(-1)).toBe('over: as we wanted');
    expect(printed).toHaveBeenCalledWith('ENTERED', 'eve');
    printed.mockRestore();
    expect(await admin(client)).toEqual(
      expect.arrayContaining([
        'the server is SERVING',
        'I am admin/admin',
        expect.stringContaining('postgres is'),
        expect.stringContaining('redis is'),
        '0 differences',
        'built 1003 entries',
      ]),
    );
    await fed.promise;
    stopped.abort();
    expect(await following).toMatchObject({ name: 'AbortError' });
    expect(new Set(revisions).size).toBe(revisions.length);
  });
});

describe('the SDK and a server that is killed', () => {
  it('counts every submission once, misses no change, and shows what a read shows', async () => {
    const leaderboardId = 'killed';
    await using client = clientAs('writer');
    await client.scores.submit({
      leaderboardId,
      playerId: 'first',
      score: 0,
      newLeaderboard: { aggregation: 'SUM' },
    });
    await using feed = await openFeed(client, leaderboardId);
    await using view = client.watch.liveView({ leaderboardId, view: { top: 5 } });
    await view.ready();
    await using stream = client.scores.stream();

    const players = 10;
    const rounds = 300;
    const results = [];
    for (const round of range(rounds)) {
      await stream.ready();
      for (const player of range(players)) {
        const submission = { leaderboardId, playerId: `p${player}`, score: player + 1 };
        const result =
          round % 10 === 0
            ? client.scores.submit(submission, { deadlineMs: 60_000 })
            : stream.submit(submission);
        result.catch(() => {}); // seen below, all at once
        results.push(result);
      }
      if (round === 100 || round === 200) {
        await service.server.kill();
        await service.server.start();
      }
    }
    const outcomes = (await Promise.all(results)).map(({ outcome }) => outcome);
    expect(new Set(outcomes)).toEqual(new Set(['APPLIED']));

    await expect
      .poll(() => client.standings.listPage({ leaderboardId }), { timeout: 20_000 })
      .toMatchObject({
        standings: range(players)
          .reverse()
          .map((player, index) => ({
            rank: index + 1,
            playerId: `p${player}`,
            score: rounds * (player + 1),
            submissionCount: rounds,
          }))
          .concat({ rank: 11, playerId: 'first', score: 0, submissionCount: 1 }),
      });
    await expect
      .poll(() => client.standings.listPage({ leaderboardId }), { timeout: 20_000 })
      .toMatchObject({ revision: expect.toSatisfy((revision: number) => revision > 0) });
    const list = await client.standings.listPage({ leaderboardId, pageSize: 5 });
    // Its revision may be older: changes of other players do not show in the view.
    await expect.poll(() => view.standings, { timeout: 20_000 }).toEqual(list.standings);
    expect(view.totalPlayers).toBe(list.totalPlayers);
    await feed.until((told) => (told.at(-1) ?? 0) >= list.revision);
    if (!feed.wasReset()) {
      const told = feed.revisions();
      expect(told).toEqual(range(told.length).map((index) => index + (told[0] ?? 0)));
    }
  });
});

describe('the SDK and deadlines that mean nothing', () => {
  it.each([Number.NaN, '250'])('refuses %j where it was given', async (deadlineMs) => {
    await using client = clientAs('writer');
    const options = { deadlineMs: deadlineMs as number };
    const submission = { leaderboardId: 'deadlines', playerId: 'p', score: 1 };
    for (const call of [
      client.standings.get({ leaderboardId: 'deadlines', playerId: 'p' }, options),
      client.scores.submit(submission, options),
      client.scores.batchSubmit([submission], options),
      client.waitForReady(options),
    ]) {
      await expect(call).rejects.toMatchObject({ reason: 'INVALID_OPTIONS' });
    }
  });

  it('waits without an end for more than thirty years', async () => {
    await using client = clientAs('writer');
    const submission = { leaderboardId: 'deadlines', playerId: 'p', score: 1 };
    const options = { deadlineMs: Number.MAX_SAFE_INTEGER };
    expect(await client.scores.submit(submission, options)).toMatchObject({ outcome: 'APPLIED' });
  });
});

describe('the SDK and leaderboards without scores', () => {
  const reads = (client: RostrumClient) => {
    const board = client.leaderboard('no-scores');
    return [
      board.top(),
      board.list().next(),
      board.batchGet({ playerIds: ['ada'] }),
      board.around({ score: 0 }),
    ];
  };

  it('cannot be read until they are created, except by `find`, and are empty then', async () => {
    await using client = clientAs('admin');
    for (const read of reads(client)) {
      await expect(read).rejects.toMatchObject({ reason: 'LEADERBOARD_NOT_FOUND' });
    }
    const board = client.leaderboard('no-scores');
    expect(await board.find({ playerId: 'ada' })).toBeUndefined();
    await client.leaderboards.create({ leaderboardId: 'no-scores' });
    const [top, list, some, around] = await Promise.all(reads(client));
    expect(top).toMatchObject({ standings: [], totalPlayers: 0 });
    expect(list).toMatchObject({ done: true });
    expect(some).toMatchObject({ standings: [], missingPlayerIds: ['ada'] });
    expect(around).toMatchObject({ standings: [] });
    expect(await board.find({ playerId: 'ada' })).toBeUndefined();
  });
});

describe('the SDK and identities', () => {
  it.each<[TestIdentity, string]>([
    ['foreign', 'CERTIFICATE_REFUSED'],
    ['expired', 'CERTIFICATE_REFUSED'],
    ['early', 'CERTIFICATE_REFUSED'],
  ])('says at once that the server refuses a certificate that is %s', async (identity, reason) => {
    await using client = clientAs(identity);
    await expect(client.waitForReady({ deadlineMs: 8_000 })).rejects.toMatchObject({ reason });
  });

  it.each<TestIdentity>(['roleless', 'stranger'])('says that %s has no role', async (identity) => {
    await using client = clientAs(identity);
    const error = await client.waitForReady({ deadlineMs: 8_000 }).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('says which role a call needs', async () => {
    await using client = clientAs('reader');
    await expect(
      client.scores.submit({ leaderboardId: 'b', playerId: 'p', score: 1 }),
    ).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
      reason: 'ROLE_NOT_ALLOWED',
      metadata: { role: 'reader', required_role: 'writer' },
    });
  });
});

/** Follows the changes of a ranking from now on. */
async function openFeed(client: RostrumClient, leaderboardId: string) {
  const revisions: number[] = [];
  const stop = new AbortController();
  let reset = false;
  let wake = Promise.withResolvers<void>();
  const messages = client.watch.changes({ leaderboardId }, { signal: stop.signal });
  const take = (message: ChangesMessage) => {
    reset ||= message.reset;
    revisions.push(...message.changes.map(({ revision }) => revision));
    wake.resolve();
    wake = Promise.withResolvers<void>();
  };
  // The first message marks where the feed starts.
  const first = await messages.next();
  if (!first.done) take(first.value);
  const done = (async () => {
    for await (const message of messages) take(message);
  })().catch((error: unknown) => {
    if (!stop.signal.aborted) throw error;
  });
  return {
    revisions: () => revisions,
    wasReset: () => reset,
    async until(enough: (told: readonly number[]) => boolean) {
      while (!enough(revisions)) await Promise.race([wake.promise, done]);
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await done;
    },
  };
}
