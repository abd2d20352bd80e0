import grpc from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { finished, rawCall, rawConnection } from '../../../test/support/raw-http2.ts';
import { TransportServer } from '../../../test/support/transport-server.ts';
import { PingRequest } from '../../gen/rostrum/v1/admin.js';
import { handler } from '../handler.js';
import { answer } from '../unary.js';

test('headers that nobody reads are not kept', async () => {
  let kept: Record<string, unknown> = {};
  const watching = handler<grpc.handleUnaryCall<unknown, unknown>>((call, life) => {
    kept = call.metadata.getMap();
    answer(life, Buffer.alloc(0));
  });
  await using running = await TransportServer.start({ handlers: { ping: watching } });
  const session = rawConnection(running.port, 'reader');
  const request = PingRequest.encode({ payload: 'x' }).finish();
  const commas = ','.repeat(10_000);
  const call = rawCall(session, '/rostrum.v1.AdminService/Ping', [request], true, {
    'content-type': `application/grpc+proto;${commas}`,
    'user-agent': commas,
    'x-a': commas,
    'grpc-accept-encoding': commas,
    'grpc-timeout': '10S',
  });
  expect(await finished(call)).toMatchObject({ status: grpc.status.OK });
  expect(kept).toEqual({});
  session.destroy();
});
