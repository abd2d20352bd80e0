import { status } from '@grpc/grpc-js';
import type { Leaderboard, RostrumClient } from '@rostrum/client';
import { RostrumError } from '@rostrum/client';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  Aggregation,
  CreateLeaderboardRequest,
  RankMethod,
  TieBreak,
  UpdateLeaderboardRequest,
} from '../../src/gen/rostrum/v1/leaderboard.js';
import { collect } from '../support/collect.ts';
import { useTestService } from '../support/test-service.ts';
import type { WireCaller } from '../support/wire-caller.ts';

const service = useTestService({ servers: 2 });
let admin: RostrumClient;
/** For what the SDK does not offer. */
let wire: WireCaller;

beforeAll(() => {
  admin = service.client('admin');
  wire = service.wire('admin');
});

/** A leaderboard with the defaults. */
const BOARD = {
  leaderboardId: '',
  displayName: '',
  sortOrder: 0,
  subscoreSortOrder: 0,
  aggregation: 0,
  tieBreak: 0,
  rankMethod: 0,
  segmentKeys: [],
  resetSchedule: '',
  timeZone: '',
  metadata: undefined,
  createTime: undefined,
  updateTime: undefined,
};

/** What a call is refused with. */
async function refusal(call: Promise<unknown>): Promise<RostrumError> {
  const error = await call.then(
    () => undefined,
    (failure: unknown) => failure,
  );
  if (!(error instanceof RostrumError))
    throw new Error('the call was not refused', { cause: error });
  return error;
}

const fieldsOf = (error: RostrumError) => error.fieldViolations.map(({ field }) => field);

describe('creating', () => {
  it('answers with every default filled in', async () => {
    const before = Date.now();
    const board = await admin.leaderboards.create({ leaderboardId: 'plain' });
    expect(board).toMatchObject({
      leaderboardId: 'plain',
      displayName: '',
      sortOrder: 'DESCENDING',
      subscoreSortOrder: 'DESCENDING',
      aggregation: 'BEST',
      metadata: undefined,
    });
    expect(board.createTime?.getTime()).toBeGreaterThan(before - 60_000);
    expect(board.updateTime).toEqual(board.createTime);
    expect(await admin.leaderboards.get({ leaderboardId: 'plain' })).toEqual(board);
  });

  it('lets the subscore follow the sort order, and keeps names and metadata as given', async () => {
    const metadata = {
      text: 'ä"\\',
      list: [1, 0.1, null, { deep: true }],
      big: 2 ** 53,
      tiny: 5e-324,
    };
    const displayName = '🏁 Zeit '.repeat(16).trim();
    expect([...displayName].length).toBe(111);
    const board = await admin.leaderboards.create({
      leaderboardId: 'lap:times',
      displayName,
      sortOrder: 'ASCENDING',
      aggregation: 'LATEST',
      metadata,
    });
    expect(board).toMatchObject({
      displayName,
      sortOrder: 'ASCENDING',
      subscoreSortOrder: 'ASCENDING',
      aggregation: 'LATEST',
      metadata,
    });
  });

  it('refuses an id that is taken, also by a first submission', async () => {
    await admin.scores.submit({ leaderboardId: 'taken', playerId: 'p', score: 1 });
    const error = await refusal(admin.leaderboards.create({ leaderboardId: 'taken' }));
    expect(error).toMatchObject({ code: 'ALREADY_EXISTS', reason: 'LEADERBOARD_ALREADY_EXISTS' });
  });

  it('lets one of many at the same time win', async () => {
    const creating = Array.from({ length: 8 }, () =>
      admin.leaderboards.create({ leaderboardId: 'raced' }).then(
        () => 'created',
        (error: RostrumError) => error.reason,
      ),
    );
    const outcomes = (await Promise.all(creating)).sort();
    expect(outcomes).toEqual([...Array(7).fill('LEADERBOARD_ALREADY_EXISTS'), 'created']);
  });

  it.each([
    [{ leaderboardId: '' }, 'leaderboardId'],
    [{ leaderboardId: 'x'.repeat(129) }, 'leaderboardId'],
    [{ leaderboardId: 'a\u200db' }, 'leaderboardId'],
    [{ leaderboardId: 'ok', displayName: 'x'.repeat(129) }, 'displayName'],
    [{ leaderboardId: 'ok', displayName: 'a\u202eb' }, 'displayName'],
    [{ leaderboardId: 'ok', displayName: ' ' }, 'displayName'],
    [{ leaderboardId: 'ok', displayName: '\u3164' }, 'displayName'],
    [{ leaderboardId: 'ok', metadata: { a: 'x'.repeat(4_096) } }, 'metadata'],
  ])('refuses %j', async (board, field) => {
    const error = await refusal(admin.leaderboards.create(board));
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', reason: 'INVALID_FIELD' });
    expect(fieldsOf(error)).toEqual([field]);
    expect((await refusal(admin.leaderboards.get({ leaderboardId: 'ok' }))).reason).toBe(
      'LEADERBOARD_NOT_FOUND',
    );
  });

  it.each([
    { tieBreak: TieBreak.TIE_BREAK_LAST },
    { rankMethod: RankMethod.RANK_METHOD_COMPETITION },
    { rankMethod: RankMethod.RANK_METHOD_DENSE },
    { aggregation: Aggregation.AGGREGATION_AVERAGE },
    { aggregation: Aggregation.AGGREGATION_COUNT },
  ])('says of %j that it is not supported yet', async (setting) => {
    const leaderboard = { ...BOARD, ...setting, leaderboardId: 'planned' };
    const request = CreateLeaderboardRequest.encode({ leaderboard }).finish();
    const answer = await wire.unary('/rostrum.v1.LeaderboardService/CreateLeaderboard', request);
    expect(answer).toMatchObject({ code: status.UNIMPLEMENTED, reason: 'NOT_SUPPORTED' });
  });

  it('is for admins', async () => {
    await using writer = service.client('writer');
    const error = await refusal(writer.leaderboards.create({ leaderboardId: 'mine' }));
    expect(error.reason).toBe('ROLE_NOT_ALLOWED');
    expect((await refusal(writer.leaderboards.delete({ leaderboardId: 'plain' }))).reason).toBe(
      'ROLE_NOT_ALLOWED',
    );
  });
});

describe('listing', () => {
  it('gives every leaderboard once, in the order of ids, whatever the size of pages', async () => {
    const ids = ['z-1', 'z-10', 'z-2', 'z-A', 'z-a'];
    for (const leaderboardId of ids) await admin.leaderboards.create({ leaderboardId });
    for (const pageSize of [1, 2, 5, 1_000, 5_000]) {
      const boards: Leaderboard[] = await collect(admin.leaderboards.list({ pageSize }));
      const found = boards.map((board) => board.leaderboardId);
      expect(found.filter((id) => id.startsWith('z-'))).toEqual(ids);
      expect(found).toEqual([...new Set(found)].sort());
    }
  });

  it('ends with an empty token, also when the last page is full', async () => {
    const { leaderboards } = await admin.leaderboards.listPage({ pageSize: 1_000 });
    const exact = await admin.leaderboards.listPage({ pageSize: leaderboards.length });
    expect(exact.nextPageToken).toBe('');
    expect(exact.leaderboards).toHaveLength(leaderboards.length);
  });

  it('refuses negative sizes and tokens that it did not make', async () => {
    expect(fieldsOf(await refusal(admin.leaderboards.listPage({ pageSize: -1 })))).toEqual([
      'pageSize',
    ]);
    const { nextPageToken } = await admin.leaderboards.listPage({ pageSize: 1 });
    const forged = [
      'x',
      'not a token',
      `${nextPageToken}A`,
      nextPageToken.slice(1),
      Buffer.from('\u0001plain......').toString('base64url'),
      'A'.repeat(100_000),
    ];
    for (const pageToken of forged) {
      const error = await refusal(admin.leaderboards.listPage({ pageToken }));
      expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', reason: 'INVALID_PAGE_TOKEN' });
    }
  });
});

describe('changing', () => {
  it('changes what is named, at any time', async () => {
    await admin.leaderboards.create({ leaderboardId: 'named', metadata: { keep: true } });
    await admin.scores.submit({ leaderboardId: 'named', playerId: 'p', score: 1 });
    const before = await admin.leaderboards.get({ leaderboardId: 'named' });
    const after = await admin.leaderboards.update({ leaderboardId: 'named', displayName: 'Name' });
    expect(after).toEqual({ ...before, displayName: 'Name', updateTime: after.updateTime });
    expect(after.updateTime?.getTime()).toBeGreaterThanOrEqual(before.updateTime?.getTime() ?? 0);
  });

  it('turns an empty board around for submissions on every server at once', async () => {
    await using elsewhere = service.client('admin', service.servers[1]);
    await admin.leaderboards.create({ leaderboardId: 'turned' });
    // The other server has looked it up and remembers the old order.
    await elsewhere.standings.listPage({ leaderboardId: 'turned' });
    await admin.leaderboards.update({ leaderboardId: 'turned', sortOrder: 'ASCENDING' });
    for (const [index, client] of [elsewhere, admin, elsewhere].entries()) {
      await client.scores.submit({
        leaderboardId: 'turned',
        playerId: `p${index}`,
        score: 10 - index,
      });
    }
    const { standings } = await elsewhere.standings.listPage({ leaderboardId: 'turned' });
    expect(standings.map(({ playerId }) => playerId)).toEqual(['p2', 'p1', 'p0']);
    const error = await refusal(
      admin.leaderboards.update({ leaderboardId: 'turned', sortOrder: 'DESCENDING' }),
    );
    expect(error).toMatchObject({ code: 'FAILED_PRECONDITION', reason: 'LEADERBOARD_NOT_EMPTY' });
    // What it is already may be named.
    await admin.leaderboards.update({ leaderboardId: 'turned', sortOrder: 'ASCENDING' });
  });

  it('refuses what cannot change or is planned, and changes nothing then', async () => {
    await admin.leaderboards.create({ leaderboardId: 'fixed' });
    const before = await admin.leaderboards.get({ leaderboardId: 'fixed' });
    const rankMethod = RankMethod.RANK_METHOD_DENSE;
    const leaderboard = { ...BOARD, leaderboardId: 'fixed', displayName: 'new', rankMethod };
    const updateMask = ['display_name', 'rank_method'];
    const request = UpdateLeaderboardRequest.encode({ leaderboard, updateMask }).finish();
    const planned = await wire.unary('/rostrum.v1.LeaderboardService/UpdateLeaderboard', request);
    expect(planned.reason).toBe('NOT_SUPPORTED');
    const missing = await refusal(
      admin.leaderboards.update({ leaderboardId: 'nowhere', displayName: 'new' }),
    );
    expect(missing.reason).toBe('LEADERBOARD_NOT_FOUND');
    expect(await admin.leaderboards.get({ leaderboardId: 'fixed' })).toEqual(before);
  });

  it('loses no submission that was acknowledged meanwhile', async () => {
    await using elsewhere = service.client('writer', service.servers[1]);
    await admin.leaderboards.create({ leaderboardId: 'fought' });
    let turns = 0;
    const turning = (async () => {
      for (let order = 0; ; order += 1) {
        const sortOrder = order % 2 === 0 ? 'ASCENDING' : 'DESCENDING';
        try {
          await admin.leaderboards.update({ leaderboardId: 'fought', sortOrder });
          turns += 1;
        } catch (error) {
          expect(error).toMatchObject({ reason: 'LEADERBOARD_NOT_EMPTY' });
          return;
        }
      }
    })();
    await expect.poll(() => turns).toBeGreaterThan(2);
    const submitting = Array.from({ length: 200 }, (_, index) =>
      (index % 2 === 0 ? admin : elsewhere).scores.submit({
        leaderboardId: 'fought',
        playerId: `p${index}`,
        score: index,
      }),
    );
    const results = await Promise.all(submitting);
    await turning;
    expect(results.every(({ outcome }) => outcome === 'APPLIED')).toBe(true);
    const { sortOrder } = await admin.leaderboards.get({ leaderboardId: 'fought' });
    const page = await admin.standings.listPage({ leaderboardId: 'fought', pageSize: 1_000 });
    const expected = Array.from({ length: 200 }, (_, index) => index);
    expect(page.standings.map(({ score }) => score)).toEqual(
      sortOrder === 'ASCENDING' ? expected : expected.reverse(),
    );
  });
});

describe('watchers', () => {
  it('of an empty board go on when its order changes, at once on the same server', async () => {
    const leaderboardId = 'watched-turn';
    await admin.leaderboards.create({ leaderboardId });
    await using view = admin.watch.standings({ leaderboardId });
    await using feed = admin.watch.changes({ leaderboardId });
    expect((await view.next()).value).toMatchObject({ type: 'snapshot', standings: [] });
    await feed.next();
    await admin.leaderboards.update({ leaderboardId, sortOrder: 'ASCENDING' });
    await admin.scores.submit({ leaderboardId, playerId: 'slow', score: 9 });
    await admin.scores.submit({ leaderboardId, playerId: 'fast', score: 1 });
    const shown = new Map<string, number>();
    const start = performance.now();
    for await (const event of view) {
      if (event.type === 'snapshot') {
        shown.clear();
        for (const { playerId, rank } of event.standings) shown.set(playerId, rank);
      } else if (event.type === 'changes') {
        for (const { playerId, standing } of event.changes)
          shown.set(playerId, standing?.rank ?? 0);
      }
      if (shown.size === 2) break;
    }
    expect(performance.now() - start).toBeLessThan(3_000);
    expect(shown).toEqual(
      new Map([
        ['fast', 1],
        ['slow', 2],
      ]),
    );
    const told: string[] = [];
    for await (const message of feed) {
      told.push(...(message.reset ? ['reset'] : []));
      told.push(...message.changes.map(({ playerId }) => playerId));
      if (told.includes('fast')) break;
    }
    expect(told).toContain('reset');
  });

  it('of a deleted board are told that it is gone', async () => {
    const leaderboardId = 'watched-end';
    await admin.scores.submit({ leaderboardId, playerId: 'p', score: 1 });
    await using view = admin.watch.standings({ leaderboardId });
    await using feed = admin.watch.changes({ leaderboardId });
    await Promise.all([view.next(), feed.next()]);
    const ends = Promise.all([refusal(collect(view)), refusal(collect(feed))]);
    await admin.leaderboards.delete({ leaderboardId });
    for (const error of await ends) expect(error.reason).toBe('LEADERBOARD_NOT_FOUND');
  });
});

describe('deleting', () => {
  it('frees the id at once, and the new leaderboard starts empty', async () => {
    const leaderboardId = 'deleted';
    await admin.leaderboards.create({ leaderboardId, sortOrder: 'ASCENDING' });
    await admin.scores.submit({ leaderboardId, playerId: 'old', score: 1, submissionId: 'same' });
    await admin.leaderboards.delete({ leaderboardId });
    const calls = [
      () => admin.leaderboards.get({ leaderboardId }),
      () => admin.leaderboards.delete({ leaderboardId }),
      () => admin.standings.get({ leaderboardId, playerId: 'old' }),
    ];
    for (const call of calls) {
      expect(await refusal(call())).toMatchObject({ reason: 'LEADERBOARD_NOT_FOUND' });
    }
    // Not recognised from the leaderboard before.
    const again = await admin.scores.submit({
      leaderboardId,
      playerId: 'new',
      score: 1,
      submissionId: 'same',
    });
    expect(again).toMatchObject({ outcome: 'APPLIED', standing: { rank: 1, percentile: 100 } });
    expect(await admin.leaderboards.get({ leaderboardId })).toMatchObject({
      sortOrder: 'DESCENDING',
    });
  });

  it('ends reads on another server within about a second', async () => {
    await using elsewhere = service.client('reader', service.servers[1]);
    const leaderboardId = 'gone';
    await admin.scores.submit({ leaderboardId, playerId: 'p', score: 1 });
    expect(await elsewhere.standings.get({ leaderboardId, playerId: 'p' })).toBeDefined();
    await admin.leaderboards.delete({ leaderboardId });
    await expect
      .poll(
        () =>
          elsewhere.standings.get({ leaderboardId, playerId: 'p' }).catch((error) => error.reason),
        {
          timeout: 2_000,
          interval: 100,
        },
      )
      .toBe('LEADERBOARD_NOT_FOUND');
  });

  it('under load: everyone who was acknowledged afterwards is in the new leaderboard', async () => {
    await using elsewhere = service.client('writer', service.servers[1]);
    const leaderboardId = 'stormed';
    let deletedAt = Number.POSITIVE_INFINITY;
    let stopped = false;
    const after: string[] = [];
    const storm = [admin, elsewhere, admin, elsewhere].map(async (client, stream) => {
      for (let index = 0; !stopped; index += 1) {
        const playerId = `s${stream}-${index}`;
        const sentAt = performance.now();
        await client.scores.submit({ leaderboardId, playerId, score: index });
        if (sentAt > deletedAt) after.push(playerId);
      }
    });
    await expect
      .poll(() =>
        admin.leaderboards.delete({ leaderboardId }).then(
          () => true,
          () => false,
        ),
      )
      .toBe(true);
    deletedAt = performance.now();
    await expect.poll(() => after.length, { timeout: 15_000 }).toBeGreaterThan(100);
    stopped = true;
    await Promise.all(storm);
    const found = new Set<string>();
    for await (const { playerId } of admin.standings.list({ leaderboardId, pageSize: 1_000 })) {
      found.add(playerId);
    }
    expect(after.filter((playerId) => !found.has(playerId))).toEqual([]);
  });
});
