import { describe, expect, it } from 'vitest';
import { resultOf, standing } from '../test/messages.js';
import { connectTo, failureOf, ScriptedServer } from '../test/scripted-server.js';
import { Difference_Kind } from './gen/rostrum/v1/admin.js';
import {
  Aggregation,
  type Leaderboard,
  RankMethod,
  SortOrder,
  TieBreak,
  type UpdateLeaderboardRequest,
} from './gen/rostrum/v1/leaderboard.js';
import type { ScoreSubmission } from './gen/rostrum/v1/score.js';
import type { ListStandingsAroundRequest } from './gen/rostrum/v1/standing.js';
import { type ErrorReason, isRostrumError, RostrumError } from './index.js';

const time = new Date('2026-11-20T12:00:00.123Z');

function leaderboard(leaderboardId: string, parts: Partial<Leaderboard> = {}): Leaderboard {
  return {
    leaderboardId,
    displayName: 'Race',
    sortOrder: SortOrder.SORT_ORDER_ASCENDING,
    subscoreSortOrder: SortOrder.SORT_ORDER_DESCENDING,
    aggregation: Aggregation.AGGREGATION_LATEST,
    tieBreak: TieBreak.TIE_BREAK_FIRST,
    rankMethod: RankMethod.RANK_METHOD_ORDINAL,
    segmentKeys: [],
    resetSchedule: '',
    timeZone: '',
    metadata: { season: { number: 3 } },
    createTime: time,
    updateTime: time,
    ...parts,
  };
}

describe('leaderboards', () => {
  it('have names for their settings, in both directions', async () => {
    const received: (Leaderboard | undefined)[] = [];
    await using server = await ScriptedServer.start({
      leaderboards: {
        createLeaderboard: ({ request }, reply) => {
          received.push(request.leaderboard);
          reply(null, { leaderboard: leaderboard('race') });
        },
      },
    });
    await using client = connectTo(server);
    const created = await client.leaderboards.create({
      leaderboardId: 'race',
      sortOrder: 'ASCENDING',
      aggregation: 'LATEST',
      metadata: { season: { number: 3 } },
    });
    expect(received).toMatchObject([
      {
        leaderboardId: 'race',
        sortOrder: SortOrder.SORT_ORDER_ASCENDING,
        subscoreSortOrder: SortOrder.SORT_ORDER_UNSPECIFIED,
        aggregation: Aggregation.AGGREGATION_LATEST,
        metadata: { season: { number: 3 } },
      },
    ]);
    expect(created).toEqual({
      leaderboardId: 'race',
      displayName: 'Race',
      sortOrder: 'ASCENDING',
      subscoreSortOrder: 'DESCENDING',
      aggregation: 'LATEST',
      metadata: { season: { number: 3 } },
      createTime: time,
      updateTime: time,
    });
  });

  it('are listed across pages, each page when it is needed', async () => {
    const tokens: string[] = [];
    await using server = await ScriptedServer.start({
      leaderboards: {
        listLeaderboards: ({ request }, reply) => {
          tokens.push(request.pageToken);
          const page = Number(request.pageToken || 1);
          const leaderboards = [leaderboard(`${page}a`), leaderboard(`${page}b`)];
          reply(null, { leaderboards, nextPageToken: page < 3 ? `${page + 1}` : '' });
        },
      },
    });
    await using client = connectTo(server);
    const ids: string[] = [];
    for await (const { leaderboardId } of client.leaderboards.list({ pageSize: 2 })) {
      ids.push(leaderboardId);
      if (ids.length === 2) expect(tokens).toEqual(['']);
    }
    expect(ids).toEqual(['1a', '1b', '2a', '2b', '3a', '3b']);
    expect(tokens).toEqual(['', '2', '3']);
    expect((await client.leaderboards.listPage({ pageToken: '3' })).nextPageToken).toBe('');
  });

  it('change in the fields that the update names, also to their defaults', async () => {
    const requests: UpdateLeaderboardRequest[] = [];
    await using server = await ScriptedServer.start({
      leaderboards: {
        updateLeaderboard: ({ request }, reply) => {
          requests.push(request);
          reply(null, { leaderboard: request.leaderboard });
        },
      },
    });
    await using client = connectTo(server);
    await client.leaderboards.update({
      leaderboardId: 'race',
      displayName: '',
      aggregation: 'SUM',
    });
    expect(requests).toMatchObject([
      {
        leaderboard: { leaderboardId: 'race', aggregation: Aggregation.AGGREGATION_SUM },
        updateMask: ['display_name', 'aggregation'],
      },
    ]);
    await expect(client.leaderboards.update({ leaderboardId: 'race' })).rejects.toMatchObject({
      reason: 'INVALID_FIELD',
    });
    expect(requests).toHaveLength(1);
  });
});

describe('scores', () => {
  it('carry everything that the caller gave', async () => {
    const received: (ScoreSubmission | undefined)[] = [];
    await using server = await ScriptedServer.start({
      scores: {
        submitScore: ({ request }, reply) => {
          received.push(request.submission);
          reply(null, { result: resultOf(request.submission) });
        },
      },
    });
    await using client = connectTo(server);
    const submission = {
      leaderboardId: 'b',
      playerId: 'p',
      score: -0.1,
      subscore: 2 ** 53,
      submissionId: 'id',
      clientTime: time,
      displayName: 'Ada ✨',
      metadata: { replay: 'r1', parts: [1, null, true] },
    };
    const result = await client.scores.submit({
      ...submission,
      newLeaderboard: { sortOrder: 'ASCENDING', aggregation: 'SUM' },
    });
    expect(received).toMatchObject([
      {
        ...submission,
        newLeaderboard: {
          sortOrder: SortOrder.SORT_ORDER_ASCENDING,
          aggregation: Aggregation.AGGREGATION_SUM,
        },
      },
    ]);
    expect(result).toMatchObject({
      outcome: 'APPLIED',
      standing: { playerId: 'p', score: -0.1 },
      previousRank: 2,
      previousScore: 0,
      ranked: true,
      replayed: false,
      totalPlayers: 3,
    });
  });
});

describe('standings', () => {
  it('are read around a player or a score, and a score of 0 is a score', async () => {
    const anchors: ListStandingsAroundRequest['anchor'][] = [];
    await using server = await ScriptedServer.start({
      standings: {
        listStandingsAround: ({ request }, reply) => {
          anchors.push(request.anchor);
          reply(null, { standings: [standing('p', 1)], totalPlayers: 1, revision: 3 });
        },
      },
    });
    await using client = connectTo(server);
    const list = await client.standings.around({ leaderboardId: 'b', playerId: 'p', count: 3 });
    expect(list).toMatchObject({ standings: [{ playerId: 'p' }], totalPlayers: 1, revision: 3 });
    await client.standings.around({ leaderboardId: 'b', score: 0 });
    expect(anchors).toEqual([
      { $case: 'playerId', value: 'p' },
      { $case: 'score', value: 0 },
    ]);
  });

  it('are read page by page, one player and several players', async () => {
    await using server = await ScriptedServer.start({
      standings: {
        listStandings: ({ request }, reply) => {
          const start = Number(request.pageToken || request.startRank || 1);
          const standings = [standing(`p${start}`, start)];
          const nextPageToken = start < 7 ? `${start + 1}` : '';
          reply(null, { standings, totalPlayers: 7, revision: 1, nextPageToken });
        },
        getStanding: ({ request }, reply) => {
          if (request.playerId === 'p') {
            reply(null, { standing: standing('p', 4), totalPlayers: 7, revision: 2 });
          } else {
            const metadata = { leaderboard_id: 'b', player_id: request.playerId };
            reply(failureOf('NOT_FOUND', 'STANDING_NOT_FOUND', { metadata }));
          }
        },
        batchGetStandings: (_call, reply) =>
          reply(null, {
            standings: [{ standing: standing('p', 4), rank: 4, relativeRank: 1 }],
            missingPlayerIds: ['q'],
            totalPlayers: 7,
            revision: 2,
          }),
      },
    });
    await using client = connectTo(server);
    const ranks: number[] = [];
    for await (const { rank } of client.standings.list({ leaderboardId: 'b', startRank: 5 })) {
      ranks.push(rank);
    }
    expect(ranks).toEqual([5, 6, 7]);
    await expect(
      client.standings.get({ leaderboardId: 'b', playerId: 'p' }),
    ).resolves.toMatchObject({ standing: { rank: 4 }, totalPlayers: 7 });
    await expect(
      client.standings.batchGet({ leaderboardId: 'b', playerIds: ['p', 'q'] }),
    ).resolves.toMatchObject({
      standings: [{ playerId: 'p', rank: 4, relativeRank: 1 }],
      missingPlayerIds: ['q'],
    });
    const missing = await client.standings
      .get({ leaderboardId: 'b', playerId: 'nobody' })
      .catch((error: unknown) => error);
    expect(isRostrumError(missing, 'STANDING_NOT_FOUND', 'LEADERBOARD_NOT_FOUND')).toBe(true);
    expect(isRostrumError(missing, 'OVERLOADED')).toBe(false);
    expect(missing).toMatchObject({ metadata: { player_id: 'nobody' } });
    const standings = client.standings;
    expect(await standings.find({ leaderboardId: 'b', playerId: 'nobody' })).toBeUndefined();
    expect(await standings.find({ leaderboardId: 'b', playerId: 'p' })).toMatchObject({
      standing: { rank: 4 },
    });
  });

  it('are missing where the leaderboard is, and not where nothing can be read', async () => {
    let reason: ErrorReason = 'LEADERBOARD_NOT_FOUND';
    await using server = await ScriptedServer.start({
      standings: {
        getStanding: (_call, reply) =>
          reply(failureOf(reason === 'INVALID_FIELD' ? 'INVALID_ARGUMENT' : 'NOT_FOUND', reason)),
      },
      leaderboards: { getLeaderboard: (_call, reply) => reply(failureOf('NOT_FOUND', reason)) },
    });
    await using client = connectTo(server);
    const find = () => client.standings.find({ leaderboardId: 'b', playerId: 'p' });
    expect(await find()).toBeUndefined();
    expect(await client.leaderboards.find({ leaderboardId: 'b' })).toBeUndefined();
    await expect(client.leaderboards.get({ leaderboardId: 'b' })).rejects.toMatchObject({ reason });
    reason = 'INVALID_FIELD';
    await expect(find()).rejects.toMatchObject({ reason });
  });

  it('from the top have a count of 1 to 1,000', async () => {
    const sizes: number[] = [];
    await using server = await ScriptedServer.start({
      standings: {
        listStandings: ({ request }, reply) => {
          sizes.push(request.pageSize);
          reply(null, { standings: [], totalPlayers: 0, revision: 1, nextPageToken: 'more' });
        },
      },
    });
    await using client = connectTo(server);
    const board = { leaderboardId: 'b' };
    expect(await client.standings.top(board)).toEqual({
      standings: [],
      totalPlayers: 0,
      revision: 1,
    });
    await client.standings.top({ ...board, count: 1_000 });
    expect(sizes).toEqual([10, 1_000]);
    for (const count of [0, -1, 1_001, 2.5, Number.NaN, '5' as unknown as number]) {
      await expect(client.standings.top({ ...board, count })).rejects.toMatchObject({
        reason: 'INVALID_FIELD',
        message: `count: must be a whole number from 1 to 1000, not ${count}`,
      });
    }
  });
});

describe('admin', () => {
  it('pings, and reads statistics in milliseconds', async () => {
    const half = { seconds: 0, nanos: 500_000 };
    await using server = await ScriptedServer.start({
      admin: {
        ping: ({ request }, reply) =>
          reply(null, {
            payload: request.payload,
            serverTime: time,
            version: '1.2.3',
            role: 'admin',
            name: 'admin',
          }),
        getServerStats: (_call, reply) =>
          reply(null, {
            version: '1.2.3',
            startTime: time,
            uptime: { seconds: 61, nanos: 500_000_000 },
            connections: 1,
            methods: [
              {
                ...{
                  fullMethod: '/x/Y',
                  calls: 5,
                  errors: 1,
                  cancelled: 2,
                  codes: { NOT_FOUND: 1 },
                },
                ...{ p50: half, p99: half, longest: undefined },
              },
            ],
            submissions: undefined,
            watches: undefined,
            stores: [{ name: 'redis', healthy: true, state: 'ready', p50: half, p99: half }],
            memoryBytes: 5e9,
            outboxPending: 0,
            rebuilding: 0,
            worker: 2,
            workers: 4,
            identities: [
              {
                identity: 'writer/game',
                connections: 1,
                watches: 0,
                watchedRows: 0,
                submissions: 2,
                unreadBytes: 3,
                refused: 4,
                fullest: 'submissions',
                fullestPercent: 5,
              },
            ],
          }),
      },
    });
    await using client = connectTo(server);
    const pong = await client.admin.ping({ payload: 'hello' });
    expect(pong).toMatchObject({ payload: 'hello', serverTime: time, role: 'admin' });
    expect(pong.roundTripMs).toBeGreaterThan(0);
    expect(await client.admin.stats()).toMatchObject({
      uptimeMs: 61_500,
      methods: [{ method: '/x/Y', errors: 1, codes: { NOT_FOUND: 1 }, p50Ms: 0.5, maxMs: 0 }],
      submissions: { committed: 0 },
      stores: [{ name: 'redis', p99Ms: 0.5 }],
      memoryBytes: 5e9,
      worker: 2,
      workers: 4,
    });
  });

  it('follows a verification and a rebuild to their ends', async () => {
    await using server = await ScriptedServer.start({
      admin: {
        verifyLeaderboard: (call) => {
          const differences = [
            { kind: Difference_Kind.KIND_MISSING, playerId: 'p', explanation: 'gone' },
          ];
          call.write({
            checked: 1,
            total: 2,
            differences,
            differenceCount: 1,
            done: false,
            waitingForIndex: false,
          });
          call.write({
            checked: 2,
            total: 2,
            differences: [],
            differenceCount: 1,
            done: true,
            waitingForIndex: false,
          });
          call.end();
        },
        rebuildLeaderboard: (call) => {
          call.write({ built: 1, total: 2, done: false });
          call.emit('error', failureOf('NOT_FOUND', 'LEADERBOARD_NOT_FOUND'));
        },
      },
    });
    await using client = connectTo(server);
    const steps = [];
    for await (const step of client.admin.verify({ leaderboardId: 'b' })) steps.push(step);
    expect(steps).toMatchObject([
      {
        checked: 1,
        differences: [{ kind: 'MISSING', playerId: 'p' }],
        done: false,
        waitingForIndex: false,
      },
      { checked: 2, done: true, waitingForIndex: false },
    ]);
    const rebuild = client.admin.rebuild({ leaderboardId: 'b' });
    expect((await rebuild.next()).value).toMatchObject({ built: 1 });
    await expect(rebuild.next()).rejects.toMatchObject({ reason: 'LEADERBOARD_NOT_FOUND' });
  });
});

describe('errors', () => {
  it('carry code, reason, metadata, fields and the wait that the service asks for', async () => {
    const fields = [{ field: 'submission.player_id', description: 'is empty' }];
    await using server = await ScriptedServer.start({
      scores: {
        submitScore: (_call, reply) =>
          reply(
            failureOf('INVALID_ARGUMENT', 'INVALID_FIELD', {
              fields,
              metadata: { a: 'b' },
              retryAfterMs: 1_500.25,
            }),
          ),
      },
    });
    await using client = connectTo(server);
    const error: unknown = await client.scores
      .submit({ leaderboardId: 'b', playerId: '', score: 1 })
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RostrumError);
    expect(error).toMatchObject({
      name: 'RostrumError',
      code: 'INVALID_ARGUMENT',
      reason: 'INVALID_FIELD',
      message: 'scripted INVALID_FIELD',
      metadata: { a: 'b' },
      fieldViolations: [{ field: 'playerId', description: 'is empty' }],
      retryAfterMs: 1_500.25,
    });
  });

  it('of something else on the way have a code and no reason', async () => {
    const garbage = failureOf('INTERNAL', undefined);
    garbage.metadata.set('grpc-status-details-bin', Buffer.from([255, 255, 1]));
    await using server = await ScriptedServer.start({
      scores: { submitScore: (_call, reply) => reply(garbage) },
    });
    await using client = connectTo(server);
    await expect(
      client.scores.submit({ leaderboardId: 'b', playerId: 'p', score: 1 }),
    ).rejects.toMatchObject({ code: 'INTERNAL', reason: undefined, metadata: {} });
  });
});

describe('ids of callers without a compiler', () => {
  it('are refused before anything is sent', async () => {
    await using client = connectTo({ address: 'localhost:1' });
    const id = 5 as unknown as string;
    const board = { leaderboardId: 'b' };
    const calls: readonly (readonly [string, Promise<unknown>])[] = [
      ['leaderboardId', client.standings.listPage({ leaderboardId: id })],
      ['playerId', client.standings.get({ ...board, playerId: id })],
      ['playerIds[1]', client.standings.batchGet({ ...board, playerIds: ['a', id] })],
      ['playerId', client.standings.around({ ...board, playerId: id })],
      ['score', client.standings.around({ ...board, score: '5' as unknown as number })],
      ['leaderboardId', client.leaderboards.get({ leaderboardId: id })],
      ['leaderboardId', client.leaderboards.delete({ leaderboardId: id })],
      ['leaderboardId', client.leaderboards.create({ leaderboardId: id })],
      ['view.around', client.watch.standings({ ...board, view: { around: id } }).next()],
      ['view.players[0]', client.watch.standings({ ...board, view: { players: [id] } }).next()],
      ['playerIds[0]', client.watch.changes({ ...board, playerIds: [id] }).next()],
    ];
    const outcomes = await Promise.allSettled(calls.map(([, call]) => call));
    expect(outcomes).toMatchObject(
      calls.map(([field]) => ({
        status: 'rejected',
        reason: { reason: 'INVALID_FIELD', fieldViolations: [{ field }] },
      })),
    );
  });
});
