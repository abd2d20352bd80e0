import { once } from 'node:events';
import grpc from '@grpc/grpc-js';
import { service as healthService } from 'grpc-health-check';
import { expect, onTestFinished, test } from 'vitest';
import { finished, rawCall, rawConnection } from '../../test/support/raw-http2.ts';
import type { TestIdentity } from '../../test/support/test-certificates.ts';
import { TransportServer } from '../../test/support/transport-server.ts';
import { RostrumError } from '../domain/errors.js';
import { ScoreServiceService } from '../gen/rostrum/v1/score.js';
import { bidiStreaming } from './bidi-streaming.js';
import { addHealth } from './health.js';
import type { ServerStream } from './server-stream.js';
import { serverStreaming } from './server-streaming.js';
import { unary } from './unary.js';

const UNARY = '/rostrum.v1.AdminService/Ping';
const STREAMING = '/rostrum.v1.AdminService/RebuildLeaderboard';
const BIDI = '/rostrum.v1.ScoreService/StreamScores';
const CHECK = '/grpc.health.v1.Health/Check';
const WATCH = '/grpc.health.v1.Health/Watch';
const KINDS = [
  ['unary', UNARY],
  ['server-streaming', STREAMING],
  ['bidirectional', BIDI],
  ['streaming of a library', WATCH],
  ['unary of a library', CHECK],
] as const;
/** Those that can be left before they are answered. */
const LASTING = KINDS.slice(0, -1);
const EMPTY = Buffer.alloc(0);

interface Work {
  unary?: () => unknown;
  streaming?: (stream: ServerStream<unknown>) => Promise<void>;
  bidi?: () => Promise<Uint8Array>;
}

/** A server with a method of each kind; those of ours work as they are told. */
function start({ unary: one, streaming, bidi }: Work = {}): Promise<TransportServer> {
  return TransportServer.start({
    limits: { streamEndGraceMs: 200, maxReceiveMessageBytes: 1024 },
    handlers: {
      ping: unary(one ?? (() => EMPTY)),
      rebuildLeaderboard: serverStreaming(
        (_request, stream) => streaming?.(stream) ?? stream.closed,
      ),
    },
    prepare: (server) => {
      server.addService(ScoreServiceService, {
        submitScore: unary(() => EMPTY),
        batchSubmitScores: unary(() => EMPTY),
        streamScores: bidiStreaming(bidi ?? (async () => EMPTY), 10),
      });
      addHealth(server);
    },
  });
}

function connect(running: TransportServer, identity: TestIdentity = 'admin') {
  const session = rawConnection(running.port, identity);
  session.on('error', () => {});
  onTestFinished(() => session.destroy());
  return session;
}

/** What was counted of a method once its only call has ended. */
async function counted(running: TransportServer, path: string) {
  const stats = running.stats.of(path);
  await expect.poll(() => stats.snapshot().calls).toBe(1);
  const { errors, cancelled, codes, open } = stats.snapshot();
  return { errors, cancelled, codes, open };
}

test.each(KINDS)('a %s call that may not come in ends before any work', async (_kind, path) => {
  const working = Promise.reject(new Error('worked'));
  working.catch(() => {});
  await using running = await start({
    unary: () => working,
    streaming: () => working,
    bidi: () => working,
  });
  const { status } = await finished(rawCall(connect(running, 'roleless'), path, [EMPTY]));
  expect(status).toBe(grpc.status.UNAUTHENTICATED);
  expect(await counted(running, path)).toEqual({
    errors: 1,
    cancelled: 0,
    codes: { UNAUTHENTICATED: 1 },
    open: 0,
  });
});

test.each(KINDS)('a %s call with a request that is no message', async (_kind, path) => {
  await using running = await start();
  const noMessage = Buffer.from([0x0a, 0xff]);
  const { status } = await finished(rawCall(connect(running), path, [noMessage]));
  expect(status).toBe(grpc.status.INVALID_ARGUMENT);
  expect(await counted(running, path)).toMatchObject({ codes: { INVALID_ARGUMENT: 1 } });
});

test.each(LASTING)(
  'a %s call whose caller leaves is cancelled, and no error',
  async (kind, path) => {
    await using running = await start({ unary: () => new Promise(() => {}) });
    const session = connect(running);
    finished(rawCall(session, path, [EMPTY], kind !== 'bidirectional'));
    await expect.poll(() => running.stats.of(path).snapshot().open).toBe(1);
    session.destroy();
    expect(await counted(running, path)).toEqual({
      errors: 0,
      cancelled: 1,
      codes: { CANCELLED: 1 },
      open: 0,
    });
    expect(running.server.unsent.used).toBe(0);
  },
);

test.each(LASTING)('a %s call whose deadline passes', async (kind, path) => {
  await using running = await start({ unary: () => new Promise(() => {}) });
  const call = rawCall(connect(running), path, [EMPTY], kind !== 'bidirectional', {
    'grpc-timeout': '100m',
  });
  expect(await finished(call)).toMatchObject({ status: grpc.status.DEADLINE_EXCEEDED });
  expect(await counted(running, path)).toMatchObject({
    errors: 0,
    cancelled: 1,
    codes: { DEADLINE_EXCEEDED: 1 },
  });
});

test('an error of a library is counted as what it is', async () => {
  await using running = await start();
  const client = running.clientOf(healthService as unknown as grpc.ServiceDefinition, 'reader');
  const { check } = client as unknown as {
    check(request: object, callback: (error: grpc.ServiceError) => void): void;
  };
  const error = await new Promise<grpc.ServiceError>((resolve) =>
    check.call(client, { service: 'nope' }, resolve),
  );
  expect(error.code).toBe(grpc.status.NOT_FOUND);
  expect(await counted(running, CHECK)).toMatchObject({ errors: 1, codes: { NOT_FOUND: 1 } });
});

test('a stream that grpc-js ends, for a message over the limit, is an error', async () => {
  await using running = await start();
  const call = rawCall(connect(running), BIDI, [Buffer.alloc(2_000)], false);
  expect(await finished(call)).toMatchObject({ status: grpc.status.RESOURCE_EXHAUSTED });
  expect(await counted(running, BIDI)).toMatchObject({
    errors: 1,
    codes: { RESOURCE_EXHAUSTED: 1 },
  });
});

test('a call ends once: the first end decides, and what it held is given back once', async () => {
  const opened = Promise.withResolvers<ServerStream<unknown>>();
  await using running = await start({
    streaming: (stream) => {
      opened.resolve(stream);
      return Promise.reject(new RostrumError('OVERLOADED', 'the first'));
    },
  });
  const session = rawConnection(running.port, 'admin', { initialWindowSize: 0 });
  onTestFinished(() => session.destroy());
  const call = rawCall(session, STREAMING, [EMPTY]);
  const stream = await opened.promise;
  stream.write(Buffer.alloc(1_000));
  expect(running.server.unsent.used).toBeGreaterThan(1_000);
  await expect.poll(() => stream.isOpen).toBe(false);
  stream.end();
  stream.end(new RostrumError('LEADERBOARD_NOT_FOUND', 'the third'));
  // The caller takes nothing: the server cuts the call off.
  await finished(call);
  await stream.closed;
  expect(await counted(running, STREAMING)).toEqual({
    errors: 1,
    cancelled: 0,
    codes: { RESOURCE_EXHAUSTED: 1 },
    open: 0,
  });
  expect(running.server.unsent.used).toBe(0);
});

test('a stream that was refused is not held open by its caller', async () => {
  await using running = await start();
  const call = rawCall(connect(running, 'roleless'), BIDI, [], false);
  call.resume();
  await once(call, 'close');
  expect(await counted(running, BIDI)).toMatchObject({ codes: { UNAUTHENTICATED: 1 } });
});
