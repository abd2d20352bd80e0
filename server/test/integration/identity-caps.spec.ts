import grpc from '@grpc/grpc-js';
import { expect, it } from 'vitest';
import { WatchChangesRequest } from '../../src/gen/rostrum/v1/watch.js';
import { useTestService } from '../support/test-service.ts';
import { changesRequest } from '../support/watch/watch-call.js';
import { WireCaller } from '../support/wire-caller.ts';

const CHANGES = '/rostrum.v1.WatchService/WatchChanges';

const service = useTestService({
  env: {
    ROSTRUM_IDENTITY_CONNECTIONS: '2',
    ROSTRUM_IDENTITY_WATCHES: '3',
    ROSTRUM_MAX_SUBMISSIONS: '10',
    ROSTRUM_IDENTITY_SUBMISSIONS: '50%',
  },
});

it('the caps that are set hold on the wire, and rostrum stats shows who is at them', async () => {
  using writer = new WireCaller(service.server.address, 'writer');
  const { items } = await writer.batch(
    Array.from({ length: 8 }, (_, at) => ({ leaderboardId: 'board', playerId: `p${at}` })),
  );
  const refused = items.filter(({ item }) => item?.$case === 'error');
  expect(refused).toHaveLength(5);
  expect(refused[0]).toMatchObject({ item: { value: { code: grpc.status.RESOURCE_EXHAUSTED } } });

  using reader = new WireCaller(service.server.address, 'reader');
  const request = Buffer.from(WatchChangesRequest.encode(changesRequest('board')).finish());
  const watches = Array.from({ length: 3 }, () => reader.stream(CHANGES, request));
  await Promise.all(
    watches.map((watch) => new Promise((resolve) => watch.once('metadata', resolve))),
  );
  expect(await reader.firstOf(CHANGES, request)).toMatchObject({
    code: grpc.status.RESOURCE_EXHAUSTED,
    reason: 'TOO_MANY_WATCHES',
  });

  using second = new WireCaller(service.server.address, 'reader');
  await second.firstOf(CHANGES, request);
  using third = new WireCaller(service.server.address, 'reader');
  expect((await third.firstOf(CHANGES, request)).code).toBe(grpc.status.UNAVAILABLE);
  await service.server.waitForLog(({ reason }) =>
    String(reason).startsWith('reader/reader: as many'),
  );

  for (const line of [
    { identity: 'reader/reader', limit: 'watches' },
    { identity: 'writer/writer', limit: 'submissions' },
  ]) {
    const told = service.server.log().filter(({ msg }) => msg === 'refused at a limit');
    expect(told.filter(({ identity }) => identity === line.identity)).toEqual([
      expect.objectContaining(line),
    ]);
  }

  const cli = service.cli();
  const [stats] = await cli.json('stats');
  expect(stats).toMatchObject({
    identities: expect.arrayContaining([
      expect.objectContaining({
        identity: 'reader/reader',
        connections: 2,
        watches: 3,
        fullestPercent: 100,
      }),
      expect.objectContaining({ identity: 'writer/writer', connections: 1, refused: 5 }),
    ]),
  });
  const { stdout } = await cli.run(['stats']);
  expect(stdout).toMatch(
    /^identities +reader\/reader at 100 % of its connections, \d+ refused; writer\/writer at 50 % of its connections, 5 refused$/m,
  );
  for (const watch of watches) watch.cancel();
});
