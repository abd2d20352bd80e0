import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import grpc from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { Authority, type KeyPair } from '../../../certs/authority.ts';
import { writePair } from '../../../certs/generate.ts';
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
  [
    'foreign',
    'the client certificate is from a foreign authority: neither the server nor the client has the certificate of "O=Rostrum, CN=Somebody else", which issued it; if that is an intermediate, the client must send it',
    /./,
  ],
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

describe('with intermediates, the log names what is missing or bad', () => {
  const READER = { commonName: 'r', uris: ['spiffe://rostrum/reader/r'], usage: 'client' } as const;
  const PAST = { notBefore: new Date('2020-01-01'), notAfter: new Date('2020-02-01') };
  const FUTURE = { notBefore: new Date('2100-01-01'), notAfter: new Date('2101-01-01') };
  let directory: string;
  let root: Authority;
  let upper: Authority;
  let lower: Authority;
  let reader: KeyPair;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'rostrum-intermediates-'));
    root = await Authority.create('Root', { intermediates: 2 });
    upper = await root.createIntermediate('Upper', { intermediates: 1 });
    lower = await upper.createIntermediate('Lower');
    reader = await lower.issue(READER);
    const server = { commonName: 'server', hosts: ['localhost'], usage: 'server' } as const;
    writePair(directory, 'server', await root.issue(server));
    writePair(directory, 'ca', root.pair);
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  const FOREIGN = 'the client certificate is from a foreign authority';
  const nobodyHas = (name: string) =>
    `${FOREIGN}: neither the server nor the client has the certificate of "O=Rostrum, CN=${name}", which issued it; if that is an intermediate, the client must send it`;

  it.each<[string, () => Promise<[KeyPair, ...Authority[]]>, string]>([
    ['the client sends no intermediate', async () => [reader], nobodyHas('Lower')],
    ['the client sends one of two', async () => [reader, lower], nobodyHas('Upper')],
    [
      'an authority was made anew under its name',
      async () => [await (await Authority.create('Root')).issue(READER)],
      `${FOREIGN}: it names "O=Rostrum, CN=Root" as its issuer, and the server trusts another one of that name`,
    ],
    [
      'the client sends a whole foreign chain',
      async () => {
        const other = await Authority.create('Other', { intermediates: 1 });
        const below = await other.createIntermediate('Below');
        return [await below.issue(READER), below, other];
      },
      FOREIGN,
    ],
    [
      'an intermediate has expired',
      async () => {
        const old = await root.createIntermediate('Old', PAST);
        return [await old.issue(READER), old];
      },
      '"O=Rostrum, CN=Old", which issued the client certificate, has expired',
    ],
    [
      'an intermediate is not valid yet',
      async () => {
        const early = await root.createIntermediate('Early', FUTURE);
        return [await early.issue(READER), early];
      },
      '"O=Rostrum, CN=Early", which issued the client certificate, is not valid yet',
    ],
    [
      'the certificate itself has expired',
      async () => [await lower.issue({ ...READER, ...PAST }), lower, upper],
      'the client certificate has expired',
    ],
    [
      'a stranger puts a line into a name',
      async () => {
        const odd = await Authority.create(`x\n{"level":"fatal"}${'y'.repeat(200)}`);
        return [await odd.issue(READER)];
      },
      'which issued it; if that is an intermediate, the client must send it',
    ],
  ])('%s', async (_name, makeChain, reason) => {
    const file = (name: string) => join(directory, name);
    await using running = await TransportServer.start({
      certificates: { ca: file('ca.crt'), cert: file('server.crt'), key: file('server.key') },
    });
    const [own, ...issuers] = await makeChain();
    const socket = connectTls({
      ...{ host: '127.0.0.1', port: running.port, servername: 'localhost' },
      ca: root.pair.certificate,
      cert: [own, ...issuers.map(({ pair }) => pair)].map((each) => each.certificate).join(''),
      key: own.key,
      ALPNProtocols: ['h2'],
    });
    socket.on('error', () => {});
    const line = await running.recorded.waitFor(refused);
    socket.destroy();
    expect(line).toMatchObject({ level: 'warn', reason: expect.stringContaining(reason) });
    expect(line.reason).not.toContain('\n');
    expect(String(line.reason).length).toBeLessThan(400);
    expect(running.server.connections.count).toBe(0);
  });
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
