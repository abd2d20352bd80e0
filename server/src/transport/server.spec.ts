import { once } from 'node:events';
import { connect } from 'node:net';
import type grpc from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { ping, TransportServer } from '../../test/support/transport-server.ts';

test('a call is answered, with the identity of the certificate', async () => {
  await using running = await TransportServer.start();
  await expect(ping(running.client('writer'))).resolves.toMatchObject({
    payload: 'hello',
    role: 'writer',
    name: 'writer',
  });
  await expect(ping(running.client('reader'))).resolves.toMatchObject({ role: 'reader' });
  expect(running.server.connections.count).toBe(2);
});

test('a fault of the server does not reach the caller, and its log has it', async () => {
  await using running = await TransportServer.start();
  const client = running.client('admin');
  const error = await new Promise<grpc.ServiceError | null>((done) => {
    client.getServerStats({}, (failure) => done(failure));
  });
  expect(error?.code).toBe(13);
  expect(error?.details).not.toContain('secret');
  const line = await running.recorded.waitFor(({ msg }) => msg === 'call failed');
  expect(error?.details).toContain(line.requestId);
  expect(JSON.stringify(line)).toContain('secret of the driver');
});

test('peers that never finish their handshake take no places of those who do', async () => {
  await using running = await TransportServer.start({
    limits: { maxConnections: 5, maxHandshakes: 10 },
  });
  const silent = Array.from({ length: 40 }, () => connect(running.port, '127.0.0.1'));
  const closed = silent.map((socket) =>
    once(
      socket.on('error', () => {}),
      'close',
    ),
  );
  // The oldest gave way to the others.
  await Promise.all(closed.slice(0, 30));
  expect(silent.slice(30).every(({ destroyed }) => !destroyed)).toBe(true);
  await expect(ping(running.client('reader'))).resolves.toBeDefined();
  for (const socket of silent) socket.destroy();
});
