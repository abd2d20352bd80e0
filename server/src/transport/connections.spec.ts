import { expect, test } from 'vitest';
import { freePort } from '../../../scripts/services/free-port.ts';
import { finished, rawCall, rawConnection } from '../../test/support/raw-http2.ts';
import { TransportServer } from '../../test/support/transport-server.ts';
import { PingRequest, PingResponse } from '../gen/rostrum/v1/admin.js';

const PING = '/rostrum.v1.AdminService/Ping';
const PING_BYTES = PingRequest.encode({ payload: 'who' }).finish();

async function roleOf(session: ReturnType<typeof rawConnection>): Promise<string> {
  const { body } = await finished(rawCall(session, PING, [PING_BYTES]));
  return PingResponse.decode(body.subarray(5)).role;
}

test('two connections from the same address and port keep their own roles', async () => {
  // Possible where the server has two addresses: the four numbers of the connections still differ.
  await using running = await TransportServer.start({ host: '0.0.0.0' });
  const from = { localAddress: '127.0.0.1', localPort: await freePort() };
  const reader = rawConnection(running.port, 'reader', { ...from, host: '127.0.0.1' });
  expect(await roleOf(reader)).toBe('reader');
  const admin = rawConnection(running.port, 'admin', { ...from, host: '127.0.0.2' });
  expect(await roleOf(admin)).toBe('admin');
  expect(await roleOf(reader)).toBe('reader');
  expect(running.server.connections.count).toBe(2);

  admin.destroy();
  await expect.poll(() => running.server.connections.count).toBe(1);
  expect(await roleOf(reader)).toBe('reader');
  reader.destroy();
});

test('plaintext is for loopback only', async () => {
  await using running = await TransportServer.start();
  await expect(running.server.listenPlaintext({ host: '0.0.0.0', port: 0 })).rejects.toThrow(
    'plaintext is for loopback only',
  );
});

test('connections beyond the limit are closed, and the log says so', async () => {
  await using running = await TransportServer.start({ limits: { maxConnections: 1 } });
  const first = rawConnection(running.port, 'reader');
  expect(await roleOf(first)).toBe('reader');
  const second = rawConnection(running.port, 'reader');
  second.on('error', () => {});
  const line = await running.recorded.waitFor(({ msg }) => msg === 'connection refused');
  expect(line).toMatchObject({ level: 'warn', reason: 'too many connections' });
  expect(line.peer).toMatch(/^127\.0\.0\.1:\d+$/);
  expect(await roleOf(first)).toBe('reader');
  first.destroy();
  second.destroy();
});

test('one identity may have a share of the connections, and leaves some to others', async () => {
  await using running = await TransportServer.start({ limits: { maxConnections: 10 } });
  const sessions = Array.from({ length: 9 }, () => rawConnection(running.port, 'reader'));
  for (const session of sessions) expect(await roleOf(session)).toBe('reader');
  const tenth = rawConnection(running.port, 'reader');
  tenth.on('error', () => {});
  const line = await running.recorded.waitFor(({ msg }) => msg === 'connection refused');
  expect(line).toMatchObject({
    level: 'warn',
    reason: 'reader/reader: as many connections as one identity may have',
  });
  await expect.poll(() => tenth.closed).toBe(true);
  expect([...running.server.connections.identities]).toMatchObject([
    { identity: 'reader/reader', connections: 9, refused: 1 },
  ]);

  const other = rawConnection(running.port, 'admin');
  expect(await roleOf(other)).toBe('admin');
  sessions[0]?.destroy();
  await expect.poll(() => running.server.connections.count).toBe(9);
  for (const session of [...sessions, other]) session.destroy();
});
