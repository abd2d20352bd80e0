import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Authority, type KeyPair } from '../../../certs/authority.ts';
import { writePair } from '../../../certs/generate.ts';
import { finished, rawCall } from '../../test/support/raw-http2.ts';
import { TransportServer } from '../../test/support/transport-server.ts';
import { PingRequest, RebuildLeaderboardRequest } from '../gen/rostrum/v1/admin.js';
import { atEnd, endOfCertificate } from './certificate-expiry.js';
import { serverStreaming } from './server-streaming.js';

const ADMIN = { commonName: 'a', uris: ['spiffe://rostrum/admin/a'], usage: 'client' } as const;
const DAY_MS = 24 * 60 * 60 * 1000;

let directory: string;
let root: Authority;
const file = (name: string) => join(directory, name);

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'rostrum-expiry-'));
  root = await Authority.create('Root', { intermediates: 1 });
  const server = { commonName: 'server', hosts: ['localhost'], usage: 'server' } as const;
  writePair(directory, 'server', await root.issue(server));
  writePair(directory, 'ca', root.pair);
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(directory, { recursive: true });
});

/** A server whose streams are left open. */
function start(): Promise<TransportServer> {
  return TransportServer.start({
    certificates: { ca: file('ca.crt'), cert: file('server.crt'), key: file('server.key') },
    handlers: { rebuildLeaderboard: serverStreaming((_request, stream) => stream.closed) },
  });
}

function connect(port: number, own: KeyPair, ...issuers: Authority[]) {
  const session = connectHttp2(`https://localhost:${port}`, {
    createConnection: () =>
      connectTls({
        ...{ host: '127.0.0.1', port, servername: 'localhost', ALPNProtocols: ['h2'] },
        ca: readFileSync(file('ca.crt')),
        cert: [own, ...issuers.map(({ pair }) => pair)].map((each) => each.certificate).join(''),
        key: own.key,
      }),
  });
  session.on('error', () => {});
  return session;
}

const REQUEST = RebuildLeaderboardRequest.encode({
  ...{ leaderboardId: 'board', seasonId: '', segment: undefined },
}).finish();

/** Certificates tell whole seconds. */
const inSeconds = (seconds: number) => new Date(Math.ceil(Date.now() / 1000 + seconds) * 1000);

test.each<[string, () => Promise<{ chain: [KeyPair, ...Authority[]]; end: Date }>]>([
  [
    'the client certificate',
    async () => {
      const end = inSeconds(2);
      return { chain: [await root.issue({ ...ADMIN, notAfter: end })], end };
    },
  ],
  [
    'an issuer of the client certificate',
    async () => {
      const end = inSeconds(2);
      const short = await root.createIntermediate('Short', { notAfter: end });
      return { chain: [await short.issue(ADMIN), short], end };
    },
  ],
])('when %s expires, its connection is closed, and others go on', async (_name, make) => {
  await using running = await start();
  const { chain, end } = await make();
  const long = connect(running.port, await root.issue(ADMIN));
  const short = connect(running.port, ...chain);
  const PING = '/rostrum.v1.AdminService/Ping';
  const message = PingRequest.encode({ payload: 'x' }).finish();
  for (const session of [long, short]) {
    expect(await finished(rawCall(session, PING, [message]))).toMatchObject({ status: 0 });
  }
  const watch = rawCall(short, '/rostrum.v1.AdminService/RebuildLeaderboard', [REQUEST]);
  watch.on('error', () => {});
  await once(short, 'close');
  expect(Date.now()).toBeGreaterThanOrEqual(end.getTime());
  expect(running.recorded.lines).toContainEqual(
    expect.objectContaining({
      msg: 'connection closed',
      reason: 'the client certificate has expired',
      peer: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
    }),
  );
  await expect.poll(() => running.server.connections.count, { timeout: 10_000 }).toBe(1);
  expect(await finished(rawCall(long, PING, [message]))).toMatchObject({ status: 0 });
  long.destroy();
});

test('an end that is further away than a timer can wait is waited for', () => {
  vi.useFakeTimers();
  let ended = 0;
  const warn = vi.spyOn(process, 'emitWarning');
  atEnd(Date.now() + 365 * DAY_MS, () => ended++);
  const stop = atEnd(Date.now() + 365 * DAY_MS, () => ended++);
  vi.advanceTimersByTime(365 * DAY_MS - 1);
  expect(ended).toBe(0);
  stop();
  vi.advanceTimersByTime(1);
  expect(ended).toBe(1);
  expect(warn).not.toHaveBeenCalled();
});

test('a certificate that says so never ends', async () => {
  // What RFC 5280 has for it.
  const notAfter = new Date('9999-12-31T23:59:59Z');
  const certificate = new X509Certificate((await root.issue({ ...ADMIN, notAfter })).certificate);
  expect(endOfCertificate(certificate)).toBe(notAfter.getTime());
  vi.useFakeTimers();
  const ended = vi.fn();
  const stop = atEnd(endOfCertificate(certificate), ended);
  vi.advanceTimersByTime(DAY_MS);
  stop();
  expect(ended).not.toHaveBeenCalled();
});
