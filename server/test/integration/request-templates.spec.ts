import { status } from '@grpc/grpc-js';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  RebuildLeaderboardRequest,
  VerifyLeaderboardRequest,
} from '../../src/gen/rostrum/v1/admin.js';
import {
  CreateLeaderboardRequest,
  UpdateLeaderboardRequest,
} from '../../src/gen/rostrum/v1/leaderboard.js';
import {
  BatchGetStandingsRequest,
  GetStandingRequest,
  ListStandingsAroundRequest,
  ListStandingsRequest,
} from '../../src/gen/rostrum/v1/standing.js';
import { WatchChangesRequest, WatchStandingsRequest } from '../../src/gen/rostrum/v1/watch.js';
import { useTestService } from '../support/test-service.ts';
import type { WireCaller } from '../support/wire-caller.ts';

/*
 * What `grpcurl -msg-template` prints has every field: texts are empty, times are the beginning of
 * 1970, lists have one empty item, maps one empty key. Here it is sent with nothing but the ids filled
 * in, which nobody can do without.
 */

const service = useTestService();
let wire: WireCaller;

beforeAll(() => {
  wire = service.wire('admin');
});

const EPOCH = { seconds: 0n, nanos: 0 };
const METADATA = { 'google.protobuf.Struct': 'supports arbitrary JSON objects' };
const RANKING = { leaderboardId: 'template', seasonId: '', segment: { key: '', value: '' } };
const SUBMISSION = {
  leaderboardId: 'template',
  playerId: 'p',
  clientTime: EPOCH,
  segments: { '': '' },
  metadata: METADATA,
  newLeaderboard: { sortOrder: 0, subscoreSortOrder: 0, aggregation: 0 },
};
const LEADERBOARD = {
  leaderboardId: 'template',
  displayName: '',
  sortOrder: 0,
  subscoreSortOrder: 0,
  aggregation: 0,
  tieBreak: 0,
  rankMethod: 0,
  segmentKeys: [''],
  resetSchedule: '',
  timeZone: '',
  metadata: METADATA,
  createTime: EPOCH,
  updateTime: EPOCH,
};

describe('the template can be sent', () => {
  it('of submissions', async () => {
    expect(await wire.submit(SUBMISSION)).toMatchObject({ code: status.OK });
    const { items } = await wire.batch([SUBMISSION]);
    expect(items.map(({ item }) => item?.$case)).toEqual(['result']);
  });

  it.each<[string, Uint8Array]>([
    [
      'StandingService/ListStandings',
      ListStandingsRequest.encode({
        ...RANKING,
        ...{ pageSize: 0, pageToken: '', startRank: 0 },
      }).finish(),
    ],
    [
      'StandingService/GetStanding',
      GetStandingRequest.encode({ ...RANKING, playerId: 'p' }).finish(),
    ],
    [
      'StandingService/BatchGetStandings',
      BatchGetStandingsRequest.encode({ ...RANKING, playerIds: ['p'] }).finish(),
    ],
    [
      'StandingService/ListStandingsAround',
      ListStandingsAroundRequest.encode({
        ...{ ...RANKING, count: 0 },
        anchor: { $case: 'playerId', value: 'p' },
      }).finish(),
    ],
    [
      'LeaderboardService/UpdateLeaderboard',
      UpdateLeaderboardRequest.encode({ leaderboard: LEADERBOARD, updateMask: [''] }).finish(),
    ],
    [
      'LeaderboardService/CreateLeaderboard',
      CreateLeaderboardRequest.encode({
        leaderboard: { ...LEADERBOARD, leaderboardId: 'template-2' },
      }).finish(),
    ],
  ])('of %s', async (method, request) => {
    await wire.submit(SUBMISSION);
    expect(await wire.unary(`/rostrum.v1.${method}`, request)).toMatchObject({ code: status.OK });
  });

  it.each<[string, Uint8Array]>([
    [
      'WatchService/WatchStandings',
      WatchStandingsRequest.encode({
        ...{ ...RANKING, minInterval: EPOCH, resumeToken: '' },
        view: { $case: 'players', value: { playerIds: ['p'] } },
      }).finish(),
    ],
    [
      'WatchService/WatchChanges',
      WatchChangesRequest.encode({ ...RANKING, resumeToken: '', playerIds: ['p'] }).finish(),
    ],
    ['AdminService/VerifyLeaderboard', VerifyLeaderboardRequest.encode(RANKING).finish()],
    ['AdminService/RebuildLeaderboard', RebuildLeaderboardRequest.encode(RANKING).finish()],
  ])('of %s', async (method, request) => {
    await wire.submit(SUBMISSION);
    expect(await wire.firstOf(`/rostrum.v1.${method}`, request)).toMatchObject({ code: status.OK });
  });
});

describe('what only looks empty is refused', () => {
  it('in the segments of a submission', async () => {
    for (const segments of [{ '': 'x' }, { x: '' }, { '': '', x: 'y' }]) {
      expect((await wire.submit({ segments })).reason).toBe('NOT_SUPPORTED');
    }
  });

  it('in the segment of a ranking', async () => {
    await wire.submit(SUBMISSION);
    for (const [segment, reason] of [
      [{ key: '', value: 'x' }, 'INVALID_FIELD'],
      [{ key: 'x', value: '' }, 'NOT_SUPPORTED'],
    ] as const) {
      const request = GetStandingRequest.encode({ ...RANKING, segment, playerId: 'p' }).finish();
      const answer = await wire.unary('/rostrum.v1.StandingService/GetStanding', request);
      expect(answer.reason).toBe(reason);
    }
  });

  it('in the keys and the mask of a leaderboard', async () => {
    await wire.submit(SUBMISSION);
    for (const [more, updateMask, reason] of [
      [{ segmentKeys: ['', 'x'] }, [''], 'NOT_SUPPORTED'],
      [{}, ['', 'x'], 'INVALID_FIELD'],
    ] as const) {
      const leaderboard = { ...LEADERBOARD, ...more, segmentKeys: [...(more.segmentKeys ?? [''])] };
      const request = UpdateLeaderboardRequest.encode({ leaderboard, updateMask: [...updateMask] });
      const method = '/rostrum.v1.LeaderboardService/UpdateLeaderboard';
      expect((await wire.unary(method, request.finish())).reason).toBe(reason);
    }
  });
});
