import type { ClientHttp2Session } from 'node:http2';
import { gzipSync } from 'node:zlib';
import grpc from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { finished, frame, rawCall, rawConnection } from '../../test/support/raw-http2.ts';
import { adminHandlers, TransportServer } from '../../test/support/transport-server.ts';
import { PingRequest } from '../gen/rostrum/v1/admin.js';
import { unary } from './unary.js';

const PING = '/rostrum.v1.AdminService/Ping';
const PING_BYTES = PingRequest.encode({ payload: 'hello' }).finish();
const MIB = 1024 * 1024;

/** Sends bytes as they are, as the body of a Ping. */
function send(session: ClientHttp2Session, body: Uint8Array, headers = {}) {
  const call = rawCall(session, PING, [], false, headers);
  call.end(body);
  return finished(call);
}

function compressed(bytes: Uint8Array): Buffer {
  const framed = frame(bytes);
  framed[0] = 1;
  return framed;
}

const OVER_LIMIT = PingRequest.encode({ payload: 'x'.repeat(5 * MIB) }).finish();

test.each<[string, Uint8Array, Record<string, string>, grpc.status]>([
  ['no message', Buffer.alloc(0), {}, grpc.status.UNIMPLEMENTED],
  [
    'two messages',
    Buffer.concat([frame(PING_BYTES), frame(PING_BYTES)]),
    {},
    grpc.status.UNIMPLEMENTED,
  ],
  ['a message cut off', frame(PING_BYTES).subarray(0, 8), {}, grpc.status.UNIMPLEMENTED],
  ['bytes that are no message', frame(Buffer.from([0x0a, 0xff])), {}, grpc.status.INVALID_ARGUMENT],
  ['a length of 4 GiB', Buffer.from([0, 255, 255, 255, 255]), {}, grpc.status.RESOURCE_EXHAUSTED],
  ['a message over the limit', frame(OVER_LIMIT), {}, grpc.status.RESOURCE_EXHAUSTED],
  [
    'a message that is over the limit when decompressed',
    compressed(gzipSync(OVER_LIMIT)),
    { 'grpc-encoding': 'gzip' },
    grpc.status.RESOURCE_EXHAUSTED,
  ],
  [
    'a message that cannot be decompressed',
    compressed(Buffer.from([1, 2])),
    { 'grpc-encoding': 'gzip' },
    grpc.status.INTERNAL,
  ],
  [
    'an unknown compression',
    compressed(PING_BYTES),
    { 'grpc-encoding': 'br' },
    grpc.status.UNIMPLEMENTED,
  ],
  ['a malformed timeout', frame(PING_BYTES), { 'grpc-timeout': 'soon' }, grpc.status.INTERNAL],
  [
    'a timeout of nine digits',
    frame(PING_BYTES),
    { 'grpc-timeout': '999999999H' },
    grpc.status.INTERNAL,
  ],
])('%s is refused, and the connection goes on', async (_name, body, headers, status) => {
  await using running = await TransportServer.start();
  const session = rawConnection(running.port, 'reader');
  expect(await send(session, body, headers)).toMatchObject({ status });
  expect(await send(session, frame(PING_BYTES))).toMatchObject({ status: grpc.status.OK });
  session.destroy();
  expect(running.recorded.lines.filter(({ level }) => level !== 'debug')).toEqual([]);
});

test('a compressed message is understood', async () => {
  await using running = await TransportServer.start();
  const session = rawConnection(running.port, 'reader');
  const body = compressed(gzipSync(PING_BYTES));
  const answer = await send(session, body, { 'grpc-encoding': 'gzip' });
  expect(answer.status).toBe(grpc.status.OK);
  session.destroy();
});

test('what is no gRPC call gets no answer of ours', async () => {
  await using running = await TransportServer.start();
  const session = rawConnection(running.port, 'reader');
  const call = session.request({
    ':method': 'POST',
    ':path': PING,
    'content-type': 'application/json',
  });
  let httpStatus: unknown;
  call.on('response', (headers) => {
    httpStatus = headers[':status'];
  });
  call.end('{}');
  expect(await finished(call)).toMatchObject({ status: undefined });
  expect(httpStatus).toBe(415);
  session.destroy();
});

test.each(['0n', '0S', '1n'])('a deadline of %s passes before any work begins', async (timeout) => {
  let worked = false;
  await using running = await TransportServer.start({
    handlers: {
      ...adminHandlers(),
      ping: unary(() => {
        worked = true;
        throw new Error('worked');
      }),
    },
  });
  const session = rawConnection(running.port, 'reader');
  const { status } = await send(session, frame(PING_BYTES), { 'grpc-timeout': timeout });
  expect(status).toBe(grpc.status.DEADLINE_EXCEEDED);
  expect(worked).toBe(false);
  session.destroy();
});
