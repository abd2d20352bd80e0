import { describe, expect, it } from 'vitest';
import { collect } from '../../test/collect.js';
import { resultOf, snapshot, standing, streamed } from '../../test/messages.js';
import { connectTo, failureOf, ScriptedServer } from '../../test/scripted-server.js';
import { answering } from '../../test/scripted-stream.js';
import { Aggregation, type Leaderboard, SortOrder } from '../gen/rostrum/v1/leaderboard.js';
import type { ScoreSubmission } from '../gen/rostrum/v1/score.js';
import type { RankingRules, RostrumClient } from '../index.js';

const BOARD: Leaderboard = {
  leaderboardId: 'arena',
  displayName: '',
  sortOrder: SortOrder.SORT_ORDER_DESCENDING,
  subscoreSortOrder: SortOrder.SORT_ORDER_DESCENDING,
  aggregation: Aggregation.AGGREGATION_BEST,
  tieBreak: 1,
  rankMethod: 1,
  segmentKeys: [],
  resetSchedule: '',
  timeZone: '',
  metadata: undefined,
  createTime: undefined,
  updateTime: undefined,
};
const ada = { playerId: 'ada', score: 1 };

/** A server with one leaderboard, or none; notes the submissions and the reads of the leaderboard. */
async function startServer(has: () => Leaderboard | undefined) {
  const script = answering(streamed);
  const { received } = script;
  const seen = { received, reads: 0, ranking: new Set<string>() };
  const list = { standings: [standing('ada', 1)], totalPlayers: 1, revision: 1 };
  const server = await ScriptedServer.start({
    leaderboards: {
      getLeaderboard: ({ request }, reply) => {
        seen.reads += 1;
        seen.ranking.add(request.leaderboardId);
        const leaderboard = has();
        if (leaderboard) reply(null, { leaderboard });
        else reply(failureOf('NOT_FOUND', 'LEADERBOARD_NOT_FOUND'));
      },
    },
    scores: {
      streamScores: script.streamScores,
      submitScore: ({ request }, reply) => {
        received.push(request.submission as ScoreSubmission);
        reply(null, { result: resultOf(request.submission) });
      },
      batchSubmitScores: ({ request }, reply) => {
        received.push(...request.submissions);
        const items = request.submissions.map(
          (submission) => ({ item: { $case: 'result', value: resultOf(submission) } }) as const,
        );
        reply(null, { items });
      },
    },
    standings: {
      listStandings: ({ request }, reply) => {
        seen.ranking.add(request.leaderboardId);
        reply(null, { ...list, nextPageToken: '' });
      },
      getStanding: ({ request }, reply) => {
        seen.ranking.add(request.leaderboardId);
        reply(null, { standing: standing('ada', 1), totalPlayers: 1, revision: 1 });
      },
      batchGetStandings: ({ request }, reply) => {
        seen.ranking.add(request.leaderboardId);
        reply(null, { standings: [], missingPlayerIds: [], totalPlayers: 1, revision: 1 });
      },
      listStandingsAround: ({ request }, reply) => {
        seen.ranking.add(request.leaderboardId);
        reply(null, list);
      },
    },
    watch: {
      watchStandings: (call) => {
        seen.ranking.add(call.request.leaderboardId);
        call.write(snapshot(1, [standing('ada', 1)]));
      },
      watchChanges: (call) => {
        seen.ranking.add(call.request.leaderboardId);
        call.write({ changes: [], revision: 1, resumeToken: 't', reset: false });
      },
    },
  });
  return { server, seen };
}

/** Every way to use a leaderboard. */
function uses(client: RostrumClient, rules?: RankingRules): readonly (() => Promise<unknown>)[] {
  const arena = client.leaderboard('arena', rules);
  return [
    () => arena.submit(ada),
    async () => expect(await arena.batchSubmit([ada, ada])).toHaveLength(2),
    async () => expect(await collect(arena.submitAll([ada]))).toMatchObject([{ ok: true }]),
    async () => {
      await using stream = arena.stream();
      await stream.submit(ada);
    },
    async () => expect((await arena.top({ count: 3 })).standings).toHaveLength(1),
    async () => expect(await collect(arena.list())).toHaveLength(1),
    async () => expect((await arena.listPage()).totalPlayers).toBe(1),
    async () => expect((await arena.get({ playerId: 'ada' })).standing.rank).toBe(1),
    async () => expect((await arena.find({ playerId: 'ada' }))?.standing.rank).toBe(1),
    () => arena.batchGet({ playerIds: ['ada'] }),
    () => arena.around({ playerId: 'ada', count: 5 }),
    () => arena.around({ score: 5 }),
    async () => {
      await using view = arena.watch({ view: { top: 3 } });
      await view.ready();
      expect(view.standings).toHaveLength(1);
    },
    async () => {
      for await (const { revision } of arena.changes()) return expect(revision).toBe(1);
      return undefined;
    },
  ];
}

describe('a leaderboard of the client', () => {
  it('is what every call is about, and is not read where no rules are named', async () => {
    const { server, seen } = await startServer(() => BOARD);
    await using _ = server;
    await using client = connectTo(server);
    for (const use of uses(client)) await use();
    expect(seen.reads).toBe(0);
    expect([...seen.ranking]).toEqual(['arena']);
    expect(seen.received).toHaveLength(5);
    expect(seen.received).toMatchObject(
      seen.received.map(() => ({ leaderboardId: 'arena', newLeaderboard: undefined })),
    );
  });

  it('is read once when its rules are those that were named', async () => {
    const { server, seen } = await startServer(() => BOARD);
    await using _ = server;
    await using client = connectTo(server);
    const arena = client.leaderboard('arena', { aggregation: 'BEST' });
    await Promise.all(Array.from({ length: 50 }, () => arena.submit(ada)));
    await arena.top();
    expect(seen.reads).toBe(1);
    expect(await arena.check()).toMatchObject({ leaderboardId: 'arena', aggregation: 'BEST' });
  });

  it('tells of rules that it contradicts, whichever way it is used, and records nothing', async () => {
    let board = BOARD;
    const { server, seen } = await startServer(() => board);
    await using _ = server;
    await using client = connectTo(server);
    const rules = { aggregation: 'SUM', sortOrder: 'ASCENDING' } as const;
    const differ = {
      code: 'FAILED_PRECONDITION',
      reason: 'LEADERBOARD_RULES_DIFFER',
      message:
        'the leaderboard arena exists with other rules: its aggregation is BEST, not SUM, and its sortOrder is DESCENDING, not ASCENDING; name the rules it has, or use another id',
      metadata: { leaderboard_id: 'arena', aggregation: 'BEST', sort_order: 'DESCENDING' },
    };
    await expect(client.leaderboard('arena', rules).check()).rejects.toMatchObject(differ);
    for (const use of uses(client, rules)) await expect(use()).rejects.toMatchObject(differ);
    expect(seen.received).toEqual([]);
    // Whoever mends it need not start anew.
    const arena = client.leaderboard('arena', rules);
    await expect(arena.submit(ada)).rejects.toMatchObject(differ);
    board = {
      ...BOARD,
      aggregation: Aggregation.AGGREGATION_SUM,
      sortOrder: SortOrder.SORT_ORDER_ASCENDING,
    };
    await expect(arena.submit(ada)).resolves.toMatchObject({ outcome: 'APPLIED' });
  });

  it('is created by its first submission, with its rules', async () => {
    let board: Leaderboard | undefined;
    const { server, seen } = await startServer(() => board);
    await using _ = server;
    await using client = connectTo(server);
    const arena = client.leaderboard('arena', { aggregation: 'SUM' });
    expect(await arena.check()).toBeUndefined();
    await arena.submit(ada);
    expect(seen.received).toMatchObject([
      { leaderboardId: 'arena', newLeaderboard: { aggregation: Aggregation.AGGREGATION_SUM } },
    ]);
    // Somebody else may have created it in the meantime.
    board = { ...BOARD, aggregation: Aggregation.AGGREGATION_LATEST };
    await expect(arena.submit(ada)).rejects.toMatchObject({ reason: 'LEADERBOARD_RULES_DIFFER' });
    expect(seen.received).toHaveLength(1);
  });

  it('keeps to the deadline and the signal of a call while its rules are compared', async () => {
    await using server = await ScriptedServer.start({ leaderboards: { getLeaderboard: () => {} } });
    await using client = connectTo(server);
    const arena = client.leaderboard('arena', { aggregation: 'SUM' });
    const reason = new Error('enough');
    const aborting = new AbortController();
    const waiting = [
      arena.submit(ada, { deadlineMs: 50 }),
      arena.top({}, { signal: aborting.signal }),
      arena.watch({}, { signal: aborting.signal }).ready(),
    ];
    await expect(waiting[0]).rejects.toMatchObject({ reason: 'DEADLINE_EXCEEDED' });
    aborting.abort(reason);
    await expect(waiting[1]).rejects.toBe(reason);
    await expect(waiting[2]).rejects.toBe(reason);
  });

  it('is refused at once where it is none', async () => {
    await using client = connectTo({ address: 'localhost:1' });
    const make = (id: unknown, rules: unknown) => () =>
      client.leaderboard(id as string, rules as RankingRules);
    expect(make(5, {})).toThrow('leaderboardId: must be a string, not a number');
    const rule =
      'must be 1 to 128 characters of A-Z a-z 0-9 . _ : - and start with a letter or digit';
    expect(make('', {})).toThrow(`leaderboardId: is empty and ${rule}`);
    expect(make('my board', {})).toThrow(
      expect.objectContaining({
        reason: 'INVALID_FIELD',
        fieldViolations: [{ field: 'leaderboardId', description: `"my board" ${rule}` }],
      }),
    );
    expect(make('x'.repeat(129), {})).toThrow(`"${'x'.repeat(40)}…" ${rule}`);
    expect(make('x'.repeat(128), {})().leaderboardId).toHaveLength(128);
    expect(make('arena', { agregation: 'SUM' })).toThrow(
      'rules.agregation: is not known; did you mean aggregation?',
    );
    expect(make('arena', { aggregation: 'MAX' })).toThrow(
      'rules.aggregation: must be one of BEST, LATEST, SUM, not "MAX"',
    );
    const arena = client.leaderboard('arena');
    await expect(arena.get('ada' as never)).rejects.toThrow(
      'the request must be an object, not a string',
    );
    await expect(arena.submit(5 as never)).rejects.toThrow(
      'the request must be an object, not a number',
    );
    await expect(arena.top({ count: 3, deadlineMs: 5 } as never)).rejects.toThrow(
      'deadlineMs: is an option: give it in an object of its own, after the request',
    );
  });

  it('takes no leaderboard in its calls, to the compiler', () => {
    const calls = (client: RostrumClient) => {
      const arena = client.leaderboard('arena');
      // @ts-expect-error: the handle knows it
      void arena.submit({ ...ada, leaderboardId: 'b' });
      // @ts-expect-error: the handle knows it
      void arena.around({ playerId: 'ada', leaderboardId: 'b' });
      // @ts-expect-error: either a player or a score
      void arena.around({ count: 3 });
      // @ts-expect-error: planned, and not there yet
      client.leaderboard('arena', { aggregation: 'AVERAGE' });
    };
    expect(calls).toBeTypeOf('function');
  });
});
