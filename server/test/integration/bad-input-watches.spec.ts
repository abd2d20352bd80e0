import { crc32 } from 'node:zlib';
import { status } from '@grpc/grpc-js';
import type { RostrumClient } from '@rostrum/client';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  WatchChangesRequest,
  WatchChangesResponse,
  WatchStandingsRequest,
  WatchStandingsResponse,
} from '../../src/gen/rostrum/v1/watch.js';
import { useTestService } from '../support/test-service.ts';
import { changesRequest, standingsRequest } from '../support/watch/watch-call.js';
import type { WireCaller } from '../support/wire-caller.ts';

const STANDINGS = '/rostrum.v1.WatchService/WatchStandings';
const CHANGES = '/rostrum.v1.WatchService/WatchChanges';

const service = useTestService();
let wire: WireCaller;
let client: RostrumClient;

beforeAll(async () => {
  wire = service.wire('reader');
  client = service.client('writer');
  for (const leaderboardId of ['board', 'other']) {
    for (const playerId of ['a', 'b']) {
      await client.scores.submit({ leaderboardId, playerId, score: 1 });
    }
  }
});

const watchStandings = (rest: Partial<WatchStandingsRequest>, leaderboardId = 'board') =>
  wire.firstOf(
    STANDINGS,
    WatchStandingsRequest.encode(standingsRequest(leaderboardId, rest)).finish(),
  );
const watchChanges = (rest: Partial<WatchChangesRequest>, leaderboardId = 'board') =>
  wire.firstOf(CHANGES, WatchChangesRequest.encode(changesRequest(leaderboardId, rest)).finish());

const ids = (count: number) => Array.from({ length: count }, (_, n) => `p${n}`);

describe('requests of watches', () => {
  it.each<[string, Partial<WatchStandingsRequest>, string]>([
    ['a negative top', { view: { $case: 'top', value: { count: -1 } } }, 'top.count'],
    ['a huge top', { view: { $case: 'top', value: { count: 2 ** 31 - 1 } } }, 'top.count'],
    [
      'a huge neighbourhood',
      { view: { $case: 'around', value: { playerId: 'a', count: 1001 } } },
      'around.count',
    ],
    [
      'an odd player',
      { view: { $case: 'around', value: { playerId: 'a\u202e', count: 1 } } },
      'around.player_id',
    ],
    ['no players', { view: { $case: 'players', value: { playerIds: [] } } }, 'players.player_ids'],
    [
      'too many players',
      { view: { $case: 'players', value: { playerIds: ids(1001) } } },
      'players.player_ids',
    ],
    [
      'an odd one among players',
      { view: { $case: 'players', value: { playerIds: ['a', 'b ', 'c'] } } },
      'players.player_ids[1]',
    ],
    ['a negative interval', { minInterval: { seconds: -1n, nanos: 0 } }, 'min_interval'],
    ['negative nanos', { minInterval: { seconds: 0n, nanos: -1 } }, 'min_interval'],
    ['too many nanos', { minInterval: { seconds: 0n, nanos: 2e9 } }, 'min_interval'],
    ['an endless interval', { minInterval: { seconds: 2n ** 62n, nanos: 0 } }, 'min_interval'],
    ['an odd leaderboard', { leaderboardId: 'b\u0000' }, 'leaderboard_id'],
  ])('with %s are refused', async (_, rest, field) => {
    expect(await watchStandings(rest)).toMatchObject({
      code: status.INVALID_ARGUMENT,
      reason: 'INVALID_FIELD',
      fields: [field],
    });
  });

  it('for a filter of odd players are refused', async () => {
    expect(await watchChanges({ playerIds: ['a', '', 'b\n'] })).toMatchObject({
      code: status.INVALID_ARGUMENT,
      fields: ['player_ids[1]', 'player_ids[2]'],
    });
    expect(await watchChanges({ playerIds: ids(1001) })).toMatchObject({ fields: ['player_ids'] });
  });

  it('for a board that nobody has made are refused', async () => {
    for (const answer of [await watchStandings({}, 'nowhere'), await watchChanges({}, 'nowhere')]) {
      expect(answer).toMatchObject({ code: status.NOT_FOUND, reason: 'LEADERBOARD_NOT_FOUND' });
    }
  });
});

describe('resume tokens', () => {
  it('that the service did not make for this watch are refused', async () => {
    const view = WatchStandingsResponse.decode((await watchStandings({})).bytes).resumeToken;
    const feed = WatchChangesResponse.decode((await watchChanges({})).bytes).resumeToken;
    const top = { $case: 'top', value: { count: 5 } } as const;
    const otherView = await watchStandings({ view: top });
    const otherBoard = await watchStandings({}, 'other');
    const otherFeed = await watchChanges({}, 'other');
    const flipped = Buffer.from(view, 'base64url');
    flipped[20] = (flipped[20] as number) ^ 1;
    const forged = [
      'x',
      view.slice(0, -1),
      `${view}A`,
      `${view}==`,
      view.toLowerCase(),
      flipped.toString('base64url'),
      Buffer.alloc(37).toString('base64url'),
      Buffer.alloc(37, 255).toString('base64url'),
      'A'.repeat(1_000_000),
      '\u202e\0',
    ];
    const refused = {
      code: status.INVALID_ARGUMENT,
      reason: 'INVALID_RESUME_TOKEN',
      fields: ['resume_token'],
    };
    const tokenOf = (bytes: Buffer) => WatchStandingsResponse.decode(bytes).resumeToken;
    for (const resumeToken of [
      ...forged,
      feed,
      tokenOf(otherView.bytes),
      tokenOf(otherBoard.bytes),
    ]) {
      expect(await watchStandings({ resumeToken })).toMatchObject(refused);
    }
    const otherFeedToken = WatchChangesResponse.decode(otherFeed.bytes).resumeToken;
    for (const resumeToken of [...forged, view, otherFeedToken]) {
      expect(await watchChanges({ resumeToken })).toMatchObject(refused);
    }
  });

  /** Changes a good token and mends its checksum, as somebody might who has read the source. */
  function forge(token: string, change: (bytes: Buffer) => void): string {
    const bytes = Buffer.from(token, 'base64url');
    change(bytes);
    bytes.writeUInt32BE(crc32(bytes.subarray(0, bytes.length - 4)), bytes.length - 4);
    return bytes.toString('base64url');
  }

  const EPOCH_AT = 9;
  const REVISION_AT = 17;
  it.each<[string, (bytes: Buffer) => void]>([
    ['a revision that is yet to come', (bytes) => bytes.writeBigUInt64BE(10n ** 9n, REVISION_AT)],
    [
      'the last revision there can be',
      (bytes) => bytes.writeBigUInt64BE(2n ** 53n - 1n, REVISION_AT),
    ],
    ['another epoch', (bytes) => bytes.writeBigUInt64BE(77n, EPOCH_AT)],
    ['epoch 0', (bytes) => bytes.writeBigUInt64BE(0n, EPOCH_AT)],
    ['revision 0', (bytes) => bytes.writeBigUInt64BE(0n, REVISION_AT)],
  ])(
    'forged with %s lead to a clear answer, and to no silence',
    async (_, change) => {
      const leaderboardId = 'forged';
      await client.scores.submit({ leaderboardId, playerId: 'a', score: 1 });
      const view = WatchStandingsResponse.decode((await watchStandings({}, leaderboardId)).bytes);
      const feed = WatchChangesResponse.decode((await watchChanges({}, leaderboardId)).bytes);

      const standings = await watchStandings(
        { resumeToken: forge(view.resumeToken, change) },
        leaderboardId,
      );
      const first = WatchStandingsResponse.decode(standings.bytes);
      expect(first.revision).toBe(view.revision);
      expect(first.event).toMatchObject({ $case: 'snapshot', value: { reset: true } });

      const stop = new AbortController();
      const resumeToken = forge(feed.resumeToken, change);
      const told = (async () => {
        const options = { signal: stop.signal };
        for await (const message of client.watch.changes({ leaderboardId, resumeToken }, options)) {
          return message;
        }
        return undefined;
      })().catch((error: unknown) => error);
      const answer = await told;
      stop.abort();
      if (answer instanceof Error) {
        expect(answer).toMatchObject({ code: 'OUT_OF_RANGE', reason: 'RESUME_TOKEN_EXPIRED' });
      } else {
        // Either a reset, or what really came after that revision.
        const { reset, revision } = answer as { reset: boolean; revision: number };
        expect(reset || revision <= Number(feed.revision)).toBe(true);
      }
    },
    15_000,
  );
});
