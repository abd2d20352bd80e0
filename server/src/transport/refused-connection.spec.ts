import { readFileSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import grpc from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { type TestIdentity, testCertificates } from '../../test/support/test-certificates.ts';
import { ping, type RecordedLine, TransportServer } from '../../test/support/transport-server.ts';
import { explainRefusal } from './refused-connection.js';

const refused = ({ msg }: RecordedLine) => msg === 'connection refused';

/** What each kind of bad certificate is told and what the log says of it. */
const REFUSALS: [TestIdentity | 'none', string, RegExp][] = [
  [
    'none',
    'no client certificate, or none of an authority that the server trusts',
    /certificate[_ ]required|ECONNRESET|closed/i,
  ],
  ['foreign', 'the client certificate is from a foreign authority', /./],
  ['expired', 'the client certificate has expired', /./],
  ['early', 'the client certificate is not valid yet', /./],
  ['server', 'the client certificate is not meant for clients', /./],
];

test.each(REFUSALS)('a client with certificate %s gets nothing', async (identity, reason, seen) => {
  await using running = await TransportServer.start();
  const error = (await ping(running.client(identity)).catch((e) => e)) as grpc.ServiceError;
  expect(error.code).toBe(grpc.status.UNAVAILABLE);
  expect(error.details).toMatch(seen);
  const line = await running.recorded.waitFor(refused);
  expect(line).toMatchObject({ level: 'warn', reason });
  expect(line.peer).toMatch(/^127\.0\.0\.1:\d+$/);
  expect(running.server.connections.count).toBe(0);
  expect(running.stats.snapshot().every(({ calls }) => calls === 0)).toBe(true);
});

test('plaintext is refused', async () => {
  await using running = await TransportServer.start();
  const Client = grpc.makeGenericClientConstructor({}, 'Test');
  const client = new Client(`127.0.0.1:${running.port}`, grpc.credentials.createInsecure());
  client.waitForReady(Date.now() + 2_000, () => {});
  const line = await running.recorded.waitFor(refused);
  client.close();
  expect(line.reason).toBe('plaintext or garbage instead of TLS');
});

test('a browser by http:// is refused', async () => {
  await using running = await TransportServer.start();
  const socket = connectTcp(running.port, '127.0.0.1', () =>
    socket.write('GET / HTTP/1.1\r\n\r\n'),
  );
  socket.on('error', () => {});
  const line = await running.recorded.waitFor(refused);
  expect(line.reason).toBe('plaintext HTTP instead of TLS');
});

test.each<[string, ConnectionOptions, string]>([
  [
    'another protocol',
    { ALPNProtocols: ['http/1.1'] },
    'the client does not speak HTTP/2 (ALPN h2)',
  ],
  ['no protocol', {}, 'the client does not speak HTTP/2 (ALPN h2)'],
  [
    'TLS 1.1',
    { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' },
    'the client wants a TLS version below 1.2',
  ],
])('a client that speaks %s is refused', async (_name, options, reason) => {
  await using running = await TransportServer.start();
  const { ca, cert, key } = testCertificates('writer');
  const socket = connectTls({
    host: '127.0.0.1',
    port: running.port,
    ca: readFileSync(ca),
    cert: readFileSync(cert),
    key: readFileSync(key),
    ...options,
  });
  socket.on('error', () => {});
  const closed = new Promise((resolve) => socket.once('close', resolve));
  const line = await running.recorded.waitFor(refused);
  expect(line).toMatchObject({ level: 'warn', reason });
  await closed;
});

test('a probe that says nothing is no warning', async () => {
  await using running = await TransportServer.start();
  connectTcp(running.port, '127.0.0.1').end();
  expect(await running.recorded.waitFor(refused)).toMatchObject({ level: 'debug' });
});

test('TLS 1.2 is good enough', async () => {
  await using running = await TransportServer.start();
  const { ca, cert, key } = testCertificates('writer');
  const socket = connectTls({
    host: '127.0.0.1',
    port: running.port,
    ca: readFileSync(ca),
    cert: readFileSync(cert),
    key: readFileSync(key),
    ALPNProtocols: ['h2'],
    maxVersion: 'TLSv1.2',
  });
  await new Promise((resolve) => socket.once('data', resolve));
  expect(socket.getProtocol()).toBe('TLSv1.2');
  socket.destroy();
});

test.each(['TLSv1.2', 'TLSv1.3'] as const)(
  'a session cannot be resumed with %s, so no certificate outlives its end by one',
  async (version) => {
    await using running = await TransportServer.start();
    const { ca, cert, key } = testCertificates('writer');
    const options: ConnectionOptions = {
      host: '127.0.0.1',
      port: running.port,
      ca: readFileSync(ca),
      ALPNProtocols: ['h2'],
      minVersion: version,
      maxVersion: version,
    };
    const first = connectTls({ ...options, cert: readFileSync(cert), key: readFileSync(key) });
    const sessions: Buffer[] = [];
    first.on('session', (session) => sessions.push(session));
    await new Promise((resolve) => first.once('data', resolve));
    const session = sessions.at(-1) ?? first.getSession();
    first.destroy();

    const second = connectTls({ ...options, ...(session ? { session } : {}) });
    second.on('error', () => {});
    const received: unknown[] = [];
    second.on('data', (data) => received.push(data));
    await new Promise((resolve) => second.once('close', resolve));
    expect(received).toEqual([]);
  },
);

test.each([
  ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'the client does not trust the server (unknown ca)'],
  [
    'ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE',
    'the client does not trust the server (bad certificate)',
  ],
  ['ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE', 'the client broke off (handshake failure)'],
  ['ERR_TLS_HANDSHAKE_TIMEOUT', 'the handshake took too long'],
  ['ERR_SSL_BRAND_NEW', 'the handshake failed (ERR_SSL_BRAND_NEW)'],
])('%s reads: %s', (code, reason) => {
  expect(explainRefusal({ code, message: '' })).toEqual({ reason, harmless: false });
});

test('a certificate that OpenSSL refuses for another reason is named', () => {
  const error = { code: 'ECONNRESET', message: '' };
  expect(explainRefusal(error, 'CERT_UNTRUSTED').reason).toContain('CERT_UNTRUSTED');
});
