import type { ClientHttp2Session } from 'node:http2';
import grpc from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { finished, rawCall, rawConnection } from '../../../test/support/raw-http2.ts';
import { adminHandlers, TransportServer } from '../../../test/support/transport-server.ts';
import { PingRequest, VerifyLeaderboardRequest } from '../../gen/rostrum/v1/admin.js';
import { serverStreaming } from '../server-streaming.js';
import { unary } from '../unary.js';
import { withinTimers } from './request-headers.js';

const PING = '/rostrum.v1.AdminService/Ping';
const VERIFY = '/rostrum.v1.AdminService/VerifyLeaderboard';
const PING_BYTES = PingRequest.encode({ payload: 'hello' }).finish();
const VERIFY_BYTES = VerifyLeaderboardRequest.encode({
  leaderboardId: 'weekly',
  seasonId: '',
  segment: undefined,
}).finish();
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** A server that tells the deadlines of its calls, in milliseconds from now. */
async function start() {
  const deadlines: number[] = [];
  const running = await TransportServer.start({
    handlers: {
      ...adminHandlers(),
      ping: unary((_, { deadline, identity }) => {
        deadlines.push(deadline - Date.now());
        return { payload: '', serverTime: undefined, version: '', ...identity };
      }),
      verifyLeaderboard: serverStreaming(async (_, stream, { deadline }) => {
        deadlines.push(deadline - Date.now());
        // Timers that are due fire before a later one does.
        await new Promise((resolve) => setTimeout(resolve, 20));
        stream.end();
      }),
    },
  });
  return { running, deadlines };
}

function call(session: ClientHttp2Session, path: string, message: Uint8Array, timeout: string) {
  return finished(rawCall(session, path, [message], true, { 'grpc-timeout': timeout }));
}

test.each([
  '2592000S',
  '4294967S',
  '4294968S',
  '99999999S',
  '35792M',
  '99999999M',
  '597H',
  '99999999H',
])('a deadline of %s ends neither a unary call nor a watch', async (timeout) => {
  const warnings: Error[] = [];
  const note = (warning: Error) => warnings.push(warning);
  process.on('warning', note);
  const { running, deadlines } = await start();
  await using _ = running;
  const session = rawConnection(running.port, 'admin');
  const ping = await call(session, PING, PING_BYTES, timeout);
  const watch = await call(session, VERIFY, VERIFY_BYTES, timeout);
  session.destroy();
  process.off('warning', note);
  expect([ping.status, watch.status]).toEqual([grpc.status.OK, grpc.status.OK]);
  // Ten times as long as a connection lives.
  for (const deadline of deadlines) expect(deadline).toBeGreaterThan(24 * DAY_MS);
  expect(deadlines).toHaveLength(2);
  expect(warnings).toEqual([]);
});

test.each([
  ['2147483S', 2_147_483_000],
  ['596H', 596 * HOUR_MS],
  ['99999999m', 99_999_999],
  ['99999999u', 99_999],
])('a deadline of %s is kept as it is', async (timeout, ms) => {
  const { running, deadlines } = await start();
  await using _ = running;
  const session = rawConnection(running.port, 'admin');
  expect(await call(session, PING, PING_BYTES, timeout)).toMatchObject({ status: grpc.status.OK });
  session.destroy();
  expect(deadlines[0]).toBeLessThanOrEqual(ms);
  expect(deadlines[0]).toBeGreaterThan(ms - 60_000);
});

test.each(['', ' ', 'H', '999999999H', '1 S', '+1S', '-1S', '1.5S', '1S, 2S', '1s', '1h', '0x1S'])(
  '%j is no timeout',
  (text) => {
    expect(withinTimers(text)).not.toMatch(/\d/);
  },
);
