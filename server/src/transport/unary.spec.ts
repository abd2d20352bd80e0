import { once } from 'node:events';
import grpc from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { finished, frame, rawCall, rawConnection } from '../../test/support/raw-http2.ts';
import { reasonOf } from '../../test/support/status-details.ts';
import { ping, TransportServer } from '../../test/support/transport-server.ts';
import { PingRequest, PingResponse } from '../gen/rostrum/v1/admin.js';
import type { CallContext } from './call-context.js';
import { unary } from './unary.js';

const PING = '/rostrum.v1.AdminService/Ping';
const PING_BYTES = PingRequest.encode({ payload: 'hello' }).finish();

function pong(payload: string): PingResponse {
  return { payload, serverTime: undefined, version: '', role: '', name: '' };
}

const failureOf = (call: Promise<unknown>) =>
  call.then(
    () => Promise.reject(new Error('the call succeeded')),
    (error: grpc.ServiceError) => error,
  );

test('a handler may answer at once or later, with a message or with its bytes', async () => {
  const message = pong('answer');
  const bytes = PingResponse.encode(message).finish();
  for (const answer of [message, Promise.resolve(message), bytes, Promise.resolve(bytes)]) {
    await using running = await TransportServer.start({ handlers: { ping: unary(() => answer) } });
    await expect(ping(running.client('reader'))).resolves.toEqual(message);
  }
});

test('how long the server worked on a call is counted', async () => {
  await using running = await TransportServer.start({
    handlers: {
      ping: unary(async () => {
        await new Promise((resolve) => setTimeout(resolve, 30));
        return pong('');
      }),
    },
  });
  await ping(running.client('reader'));
  const [stats] = running.stats.snapshot();
  expect(stats).toMatchObject({ method: PING, calls: 1, errors: 0, open: 0 });
  expect(stats?.maxMs).toBeGreaterThan(25);
});

test('an error counts as one', async () => {
  await using running = await TransportServer.start({
    handlers: { ping: unary(() => Promise.reject(new Error('x'))) },
  });
  await failureOf(ping(running.client('reader')));
  expect(running.stats.snapshot()[0]).toMatchObject({ method: PING, calls: 1, errors: 1, open: 0 });
});

test('bytes that are no message are INVALID_ARGUMENT, not a fault', async () => {
  await using running = await TransportServer.start();
  const session = rawConnection(running.port, 'reader');
  const { status } = await finished(rawCall(session, PING, [Buffer.from([0x0a, 0xff, 0x01])]));
  expect(status).toBe(grpc.status.INVALID_ARGUMENT);
  session.destroy();
  expect(running.recorded.lines.filter(({ level }) => level === 'error')).toEqual([]);
});

test('an answer that cannot be encoded is INTERNAL, with its cause in the log', async () => {
  await using running = await TransportServer.start({
    handlers: { ping: unary(() => undefined) },
  });
  const error = await failureOf(ping(running.client('reader')));
  expect(error.code).toBe(grpc.status.INTERNAL);
  expect(reasonOf(error)).toBe('INTERNAL');
  expect(running.recorded.lines).toContainEqual(expect.objectContaining({ msg: 'call failed' }));
});

test('the signal aborts when the deadline passes, and what comes later is dropped', async () => {
  const contexts: CallContext[] = [];
  const late: ((answer: PingResponse) => void)[] = [];
  await using running = await TransportServer.start({
    handlers: {
      ping: unary((_request, context) => {
        contexts.push(context);
        return new Promise<PingResponse>((resolve) => late.push(resolve));
      }),
    },
  });
  const deadline = Date.now() + 200;
  const error = await failureOf(ping(running.client('reader'), '', { deadline }));
  expect(error.code).toBe(grpc.status.DEADLINE_EXCEEDED);
  const [context] = contexts;
  expect(Math.abs((context?.deadline ?? 0) - deadline)).toBeLessThan(50);
  const { signal } = context as CallContext;
  if (!signal.aborted) await once(signal, 'abort');
  expect(context?.cancelled).toBe(true);
  late[0]?.(pong('too late'));
  await expect
    .poll(() => running.stats.snapshot()[0], { timeout: 10_000 })
    .toMatchObject({ calls: 1, errors: 0, cancelled: 1 });
  await expect(ping(running.client('reader'), '', { deadline: Date.now() + 1 })).rejects.toThrow();
});

test('the signal aborts when the caller goes, and not after an answer', async () => {
  const contexts: CallContext[] = [];
  let entered = () => {};
  await using running = await TransportServer.start({
    handlers: {
      ping: unary<PingRequest, PingResponse>(({ payload }, context) => {
        contexts.push(context);
        const { signal } = context;
        if (payload !== 'wait') return pong('');
        entered();
        return new Promise<PingResponse>((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
        });
      }),
    },
  });
  const client = running.client('reader');
  await ping(client, 'answer');
  const inHandler = new Promise<void>((resolve) => {
    entered = resolve;
  });
  const call = client.ping({ payload: 'wait' }, new grpc.Metadata(), {}, () => {});
  await inHandler;
  const { signal } = contexts[1] as CallContext;
  call.cancel();
  await once(signal, 'abort');
  expect(contexts[0]?.signal.aborted).toBe(false);
  expect(running.recorded.lines.filter(({ level }) => level === 'error')).toEqual([]);
});

test('a caller that does not read a large answer loses the call, and no one else notices', async () => {
  await using running = await TransportServer.start({
    handlers: { ping: unary(() => pong('x'.repeat(100_000))) },
    limits: { answerGraceMs: 150 },
  });
  const session = rawConnection(running.port, 'reader', { initialWindowSize: 0 });
  const stuck = finished(rawCall(session, PING, [PING_BYTES]));
  await expect(ping(running.client('reader'))).resolves.toBeDefined();
  expect(await stuck).toMatchObject({ status: undefined, resetCode: 11 });
  session.destroy();
});

test('a message over the limit is refused, and the connection goes on', async () => {
  await using running = await TransportServer.start({ limits: { maxReceiveMessageBytes: 1024 } });
  const client = running.client('reader');
  const error = await failureOf(ping(client, 'x'.repeat(2000)));
  expect(error.code).toBe(grpc.status.RESOURCE_EXHAUSTED);
  await expect(ping(client)).resolves.toBeDefined();
});

test('metadata over the limit is refused, and the connection goes on', async () => {
  await using running = await TransportServer.start();
  const client = running.client('reader');
  const metadata = new grpc.Metadata();
  metadata.set('x-much', 'x'.repeat(100_000));
  const error = await failureOf(ping(client, '', {}, metadata));
  expect([grpc.status.RESOURCE_EXHAUSTED, grpc.status.INTERNAL]).toContain(error.code);
  await expect(ping(client)).resolves.toBeDefined();
});

test('an unknown method is UNIMPLEMENTED', async () => {
  await using running = await TransportServer.start();
  const session = rawConnection(running.port, 'reader');
  const { status } = await finished(
    rawCall(session, '/rostrum.v1.AdminService/Nope', [PING_BYTES]),
  );
  expect(status).toBe(grpc.status.UNIMPLEMENTED);
  session.destroy();
});

test('a request that is never finished harms no one, and goes with its connection', async () => {
  await using running = await TransportServer.start();
  const session = rawConnection(running.port, 'reader');
  const abandoned = finished(rawCall(session, PING, [], false));
  await expect(ping(running.client('reader'))).resolves.toBeDefined();
  session.destroy();
  await abandoned;
  await expect.poll(() => running.server.connections.count).toBe(1);
});

test('shutting down finishes the calls in work and refuses those that arrive', async () => {
  let release = () => {};
  const inHandler = Promise.withResolvers<void>();
  await using running = await TransportServer.start({
    handlers: {
      ping: unary<PingRequest, PingResponse>(async ({ payload }) => {
        if (payload === 'wait') {
          inHandler.resolve();
          await new Promise<void>((resolve) => {
            release = resolve;
          });
        }
        return pong(payload);
      }),
    },
  });
  const open = ping(running.client('reader'), 'wait');
  await inHandler.promise;
  const session = rawConnection(running.port, 'reader');
  const arriving = rawCall(session, PING, [], false);
  const refused = finished(arriving);
  // Its answer shows that the server has seen the start of the other call.
  await finished(rawCall(session, PING, [PING_BYTES]));

  const drained = running.server.drain(5_000);
  arriving.end(frame(PING_BYTES));
  expect(await refused).toMatchObject({
    status: grpc.status.UNAVAILABLE,
    details: 'the server is shutting down; call another or retry',
  });
  await expect(ping(running.client('reader'))).rejects.toMatchObject({
    code: grpc.status.UNAVAILABLE,
  });
  release();
  await expect(open).resolves.toMatchObject({ payload: 'wait' });
  await drained;
  expect(running.server.connections.count).toBe(0);
});

test('shutting down cuts off what is left after the grace time', async () => {
  const inHandler = Promise.withResolvers<void>();
  await using running = await TransportServer.start({
    handlers: {
      ping: unary(() => {
        inHandler.resolve();
        return new Promise<PingResponse>(() => {});
      }),
    },
  });
  const cutOff = failureOf(ping(running.client('reader')));
  await inHandler.promise;
  await running.server.drain(100);
  expect((await cutOff).code).toBe(grpc.status.UNAVAILABLE);
  expect(running.recorded.lines).toContainEqual(
    expect.objectContaining({ level: 'warn', msg: 'calls left after the grace time' }),
  );
});
