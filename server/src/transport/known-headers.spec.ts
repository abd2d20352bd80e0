import grpc from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { finished, rawCall, rawConnection } from '../../test/support/raw-http2.ts';
import { adminHandlers, TransportServer } from '../../test/support/transport-server.ts';
import { PingRequest } from '../gen/rostrum/v1/admin.js';
import { bindable } from './method.js';

test('headers that nobody reads are not kept', async () => {
  let kept: Record<string, unknown> = {};
  const { ping } = adminHandlers();
  const watching = bindable<grpc.handleUnaryCall<unknown, unknown>>((method) => {
    const handler = Object.getOwnPropertySymbols(ping as object)
      .map((symbol) => Reflect.get(ping as object, symbol) as unknown)
      .find((each) => typeof each === 'function') as (m: typeof method) => typeof ping;
    const bound = handler(method) as grpc.handleUnaryCall<unknown, unknown>;
    return (call, callback) => {
      kept = call.metadata.getMap();
      bound(call, callback);
    };
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
