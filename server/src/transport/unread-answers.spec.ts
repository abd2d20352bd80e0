import type { ClientHttp2Session } from 'node:http2';
import grpc from '@grpc/grpc-js';
import { expect, onTestFinished, test } from 'vitest';
import { finished, rawCall, rawConnection } from '../../test/support/raw-http2.ts';
import type { TestIdentity } from '../../test/support/test-certificates.ts';
import { ping, TransportServer } from '../../test/support/transport-server.ts';
import { PingRequest, PingResponse, VerifyLeaderboardResponse } from '../gen/rostrum/v1/admin.js';
import type { GrpcLimits } from './limits.js';
import { serverStreaming } from './server-streaming.js';
import { unary } from './unary.js';

const PING = '/rostrum.v1.AdminService/Ping';
const VERIFY = '/rostrum.v1.AdminService/VerifyLeaderboard';
const CALLS = 400;
const ANSWER_BYTES = 256 * 1024;
const MIB = 1024 * 1024;
const LIMITS = { connectionUnsentBytes: 4 * MIB, totalUnsentBytes: 12 * MIB };

const LARGE = pong('x'.repeat(ANSWER_BYTES));
const SMALL = pong('');
const LARGE_PROGRESS = VerifyLeaderboardResponse.encode({
  checked: 0n,
  total: 0n,
  differences: [{ kind: 0, playerId: '', explanation: 'x'.repeat(ANSWER_BYTES) }],
  differenceCount: 0n,
  done: false,
  waitingForIndex: false,
}).finish();

function pong(payload: string): Uint8Array {
  const message = { payload, serverTime: undefined, version: '', role: '', name: '' };
  return PingResponse.encode(message).finish();
}

/** Answers with 256 KiB, or shortly when asked for little. */
function start(limits: Partial<GrpcLimits>): Promise<TransportServer> {
  return TransportServer.start({
    limits,
    handlers: {
      ping: unary<PingRequest, PingResponse>(({ payload }) =>
        payload === 'large' ? LARGE : SMALL,
      ),
      verifyLeaderboard: serverStreaming(async (_request, stream) => {
        stream.write(LARGE_PROGRESS);
        await stream.closed;
      }),
    },
  });
}

/** A connection that never lets the server send a byte of an answer. */
function deaf({ port }: TransportServer, identity: TestIdentity = 'reader'): ClientHttp2Session {
  const session = rawConnection(port, identity, { initialWindowSize: 0 });
  session.on('error', () => {});
  onTestFinished(() => session.destroy());
  return session;
}

function callMuch(
  session: ClientHttp2Session,
  path: string,
): Promise<{ status: number | undefined }>[] {
  const message =
    path === PING ? PingRequest.encode({ payload: 'large' }).finish() : new Uint8Array();
  return Array.from({ length: CALLS }, () => finished(rawCall(session, path, [message])));
}

/** Bytes outside of the JavaScript heap, where answers wait. */
function outsideBytes(): number {
  const { external, arrayBuffers } = process.memoryUsage();
  return Math.max(external, arrayBuffers);
}

function calls(running: TransportServer, path: string): number {
  const stats = running.stats.of(path).snapshot();
  return stats.calls + (path === VERIFY ? stats.open : 0);
}

/** What the memory outside of the heap grows by while `connections` of them ask for much. */
async function growth(running: TransportServer, path: string, connections: number) {
  const before = outsideBytes();
  const all = calls(running, path) + connections * CALLS;
  for (let each = 0; each < connections; each += 1) callMuch(deaf(running, 'admin'), path);
  await expect.poll(() => calls(running, path), { timeout: 30_000 }).toBe(all);
  return outsideBytes() - before;
}

test.for([
  ['answers', PING],
  ['messages of streams', VERIFY],
] as const)('%s that are not read are bounded, per connection and in all', async ([, path]) => {
  await using running = await start(LIMITS);
  // 100 MiB would have been asked for; half of the bound again is left for what is not counted.
  expect(await growth(running, path, 1)).toBeLessThan(1.5 * LIMITS.connectionUnsentBytes);
  expect(running.server.unsent.used).toBeLessThanOrEqual(LIMITS.connectionUnsentBytes);
  expect(running.server.unsent.used).toBeGreaterThan(LIMITS.connectionUnsentBytes / 2);
  expect(await growth(running, path, 4)).toBeLessThan(1.5 * LIMITS.totalUnsentBytes);
  expect(running.server.unsent.used).toBeLessThanOrEqual(LIMITS.totalUnsentBytes);
});

test('who is refused is told so, and others are served', async () => {
  await using running = await start(LIMITS);
  const answers = callMuch(deaf(running), PING);
  const refusals: { status: number | undefined }[] = [];
  for (const answer of answers) answer.then((end) => refusals.push(end));
  const room = Math.floor(LIMITS.connectionUnsentBytes / ANSWER_BYTES);
  await expect.poll(() => refusals.length).toBeGreaterThanOrEqual(CALLS - room);
  expect(new Set(refusals.map(({ status }) => status))).toEqual(
    new Set([grpc.status.RESOURCE_EXHAUSTED]),
  );
  await expect(ping(running.client('reader'), 'large')).resolves.toMatchObject({
    payload: 'x'.repeat(ANSWER_BYTES),
  });
});

test('an identity that leaves all it may unread leaves room for another', async () => {
  await using running = await start({ ...LIMITS, totalUnsentBytes: 6 * MIB });
  for (let each = 0; each < 4; each += 1) callMuch(deaf(running, 'reader'), PING);
  await expect.poll(() => calls(running, PING), { timeout: 30_000 }).toBe(4 * CALLS);
  await expect(ping(running.client('writer'), 'large')).resolves.toBeDefined();
});

test('what is read, or whose connection ends, is given back', async () => {
  await using running = await start(LIMITS);
  const session = deaf(running);
  callMuch(session, PING);
  await expect.poll(() => running.server.unsent.used).toBeGreaterThan(0);
  session.destroy();
  await expect.poll(() => running.server.unsent.used).toBe(0);

  const client = running.client('reader');
  await Promise.all(Array.from({ length: 10 }, () => ping(client, 'large')));
  await expect.poll(() => running.server.unsent.used).toBe(0);
  expect([...running.server.connections.identities]).toMatchObject([
    { identity: 'reader/reader', connections: 1, unsentBytes: 0 },
  ]);
});
