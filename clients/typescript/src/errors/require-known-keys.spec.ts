import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientOptions } from '../../test/scripted-server.js';
import { RostrumClient, type ScoreSubmission } from '../index.js';

/** What plain JavaScript can hand over. */
// biome-ignore lint/suspicious/noExplicitAny: it stands for a caller without types.
type Untyped = any;

// Nobody answers there: whatever is refused is refused before it is sent.
const silent = createServer((socket) => socket.on('error', () => {}).resume());
let client: RostrumClient;

beforeAll(async () => {
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const { port } = silent.address() as { port: number };
  client = RostrumClient.connect(clientOptions({ address: `127.0.0.1:${port}` }));
});

afterAll(async () => {
  await client.close();
  silent.close();
});

const board = { leaderboardId: 'b' };
const submission = { ...board, playerId: 'p', score: 1 };

describe('a key that is not known', () => {
  it.each<[string, (options: Untyped) => unknown]>([
    ['options.adress is not known; did you mean address?', (o) => ({ ...o, adress: 'x:1' })],
    ['options.tls.serverNam ', (o) => ({ ...o, tls: { ...o.tls, serverNam: 'x' } })],
    ['options.retry.maxAttemps ', (o) => ({ ...o, retry: { maxAttemps: 1 } })],
    ['options.timeout is not known; known are address, tls,', (o) => ({ ...o, timeout: 1 })],
    ['options must be an object, not null', () => null],
  ])('is refused when a client is made: %s', (message, make) => {
    const options = make(clientOptions({ address: 'localhost:1' })) as Untyped;
    expect(() => RostrumClient.connect(options)).toThrow(
      expect.objectContaining({
        reason: 'INVALID_OPTIONS',
        message: expect.stringContaining(message),
      }),
    );
  });

  const typo = { deadlineMS: 1 } as Untyped;
  it.each<[string, () => Promise<unknown>]>([
    ['submit', () => client.scores.submit(submission, typo)],
    ['batchSubmit', () => client.scores.batchSubmit([submission], typo)],
    ['standings.get', () => client.standings.get({ ...board, playerId: 'p' }, typo)],
    ['standings.list', () => client.standings.list(board, typo).next()],
    ['leaderboards.delete', () => client.leaderboards.delete(board, typo)],
    ['leaderboards.list', () => client.leaderboards.list({}, typo).next()],
    ['admin.ping', () => client.admin.ping({ payload: '' }, typo)],
    ['admin.verify', () => client.admin.verify(board, typo).next()],
    ['admin.rebuild', () => client.admin.rebuild(board, typo).next()],
    ['health.check', () => client.health.check({}, typo)],
    ['waitForReady', () => client.waitForReady(typo)],
  ])('is refused in the options of %s', async (_name, call) => {
    await expect(call()).rejects.toMatchObject({
      reason: 'INVALID_OPTIONS',
      message: 'options.deadlineMS is not known; did you mean deadlineMs?',
    });
  });

  it.each<[string, () => unknown]>([
    ['options.signl', () => client.watch.standings(board, { signl: 1 } as Untyped).next()],
    ['options.onlive', () => client.watch.changes(board, { onlive: 1 } as Untyped).next()],
    ['options.onInterupted', () => client.watch.liveView(board, { onInterupted: 1 } as Untyped)],
    ['options.maxInflght', () => client.scores.stream({ maxInflght: 1 } as Untyped)],
    [
      "options.onDuplicate must be 'reject' or 'resolve'",
      () => {
        return client.scores.submit(submission, { onDuplicate: 'ignore' } as Untyped);
      },
    ],
  ])('is refused in the options of streams: %s', async (message, call) => {
    await expect((async () => call())()).rejects.toMatchObject({
      reason: 'INVALID_OPTIONS',
      message: expect.stringContaining(message),
    });
  });

  const requests: [string, (typo: Untyped) => unknown][] = [
    ['submisionId', (key) => client.scores.submit({ ...submission, ...key })],
    ['submisionId', (key) => client.scores.stream().submit({ ...submission, ...key })],
    [
      'newLeaderboard.agregation',
      (key) => client.scores.submit({ ...submission, newLeaderboard: key }),
    ],
    ['displayname2', (key) => client.leaderboards.create({ ...board, ...key })],
    ['createTime', (key) => client.leaderboards.update({ ...board, displayName: 'x', ...key })],
    ['pagesize', (key) => client.leaderboards.listPage(key)],
    ['pageSise', (key) => client.standings.listPage({ ...board, ...key })],
    ['player_id', (key) => client.standings.get({ ...board, playerId: 'p', ...key })],
    ['playerIDs', (key) => client.standings.batchGet({ ...board, playerIds: [], ...key })],
    ['cnt', (key) => client.standings.around({ ...board, playerId: 'p', ...key })],
    ['leaderboardid', (key) => client.admin.verify({ ...board, ...key }).next()],
    ['minInterval', (key) => client.watch.standings({ ...board, ...key }).next()],
    ['view.first', (key) => client.watch.standings({ ...board, view: key }).next()],
    ['view.count', (key) => client.watch.standings({ ...board, view: { top: 3, ...key } }).next()],
    ['playerId', (key) => client.watch.changes({ ...board, ...key }).next()],
    ['minInterval', (key) => client.watch.liveView({ ...board, ...key })],
  ];
  it.each(requests)('is refused in a request: %s', async (field, call) => {
    const key = field.split('.').at(-1) as string;
    await expect((async () => call({ [key]: 1 }))()).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      reason: 'INVALID_FIELD',
      message: expect.stringContaining(`${field}: is not known; `),
      fieldViolations: [{ field }],
    });
  });

  it('spoils only its own submission of a batch, and is named with its place', async () => {
    const items = await client.scores
      .batchSubmit([{ ...submission, submisionId: 'x' } as ScoreSubmission])
      .catch((error: unknown) => error);
    expect(items).toMatchObject([
      {
        ok: false,
        error: {
          message: 'submissions[0].submisionId: is not known; did you mean submissionId?',
        },
      },
    ]);
  });

  it.each([null, undefined, 'b', [1]])(
    'says that a request must be an object, not %j',
    async (request) => {
      await expect(client.standings.listPage(request as Untyped)).rejects.toMatchObject({
        reason: 'INVALID_FIELD',
        message: expect.stringContaining('must be an object'),
      });
    },
  );
});
