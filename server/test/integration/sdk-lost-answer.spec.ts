import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { RostrumClient, type RostrumError } from '@rostrum/client';
import { expect, it } from 'vitest';
import { testCertificates } from '../support/test-certificates.ts';
import { useTestService } from '../support/test-service.ts';

const service = useTestService();

/** A way to the server. Once told to swallow, it closes for good at the next bytes of the server. */
async function swallowingWay() {
  const [host = '', port = ''] = service.server.address.split(':');
  const sockets = new Set<Socket>();
  let swallows = false;
  const close = () => {
    way.close();
    for (const socket of sockets) socket.destroy();
  };
  const way = createServer((near) => {
    const far = connect(Number(port), host);
    for (const socket of [near, far]) sockets.add(socket.on('error', () => {}));
    near.pipe(far);
    far.on('data', (bytes) => (swallows ? close() : near.write(bytes)));
  }).listen(0, host);
  await once(way, 'listening');
  return {
    address: `${host}:${(way.address() as AddressInfo).port}`,
    swallow: () => {
      swallows = true;
    },
    [Symbol.dispose]: close,
  };
}

it('a sum whose answer was lost counts once when it is sent again by the id in the error', async () => {
  using way = await swallowingWay();
  const tls = testCertificates('writer');
  await using client = RostrumClient.connect({ address: way.address, tls });
  const board = client.leaderboard('lost-answers', { aggregation: 'SUM' });
  await board.submit({ playerId: 'ada', score: 1 });
  // From now on a submission is a single call.
  await board.check();

  way.swallow();
  const error = await board
    .submit({ playerId: 'ada', score: 10 }, { deadlineMs: 1_000 })
    .then(() => expect.unreachable('its answer is lost'))
    .catch((failure: unknown) => failure as RostrumError);
  expect(error).toMatchObject({
    reason: 'CONNECTION_FAILED',
    message: expect.stringContaining('may have been recorded'),
  });
  const { submission_id: submissionId } = error.metadata;
  expect(submissionId).toMatch(/^[0-9a-f-]{36}$/);

  const direct = service.client('writer').leaderboard('lost-answers');
  const recorded = async () => (await direct.get({ playerId: 'ada' })).standing.score;
  await expect.poll(recorded).toBe(11);
  const again = await direct.submit({ playerId: 'ada', score: 10, submissionId });
  expect(again).toMatchObject({ replayed: true, standing: { score: 11 } });
});
