import { once } from 'node:events';
import grpc from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { finished, rawCall, rawConnection } from '../../test/support/raw-http2.ts';
import { reasonOf } from '../../test/support/status-details.ts';
import { type AdminClient, ping, TransportServer } from '../../test/support/transport-server.ts';
import { RostrumError } from '../domain/errors.js';
import { RebuildLeaderboardRequest, RebuildLeaderboardResponse } from '../gen/rostrum/v1/admin.js';
import { shuttingDown } from './errors.js';
import type { ServerStream } from './server-stream.js';
import { type ServerStreamingHandler, serverStreaming } from './server-streaming.js';

type Handler = ServerStreamingHandler<RebuildLeaderboardRequest, RebuildLeaderboardResponse>;
type Stream = ServerStream<RebuildLeaderboardResponse>;

const REBUILD = '/rostrum.v1.AdminService/RebuildLeaderboard';
const REQUEST = RebuildLeaderboardRequest.encode({
  leaderboardId: 'weekly',
  seasonId: '',
  segment: undefined,
}).finish();

function progress(built: number): RebuildLeaderboardResponse {
  return { built: BigInt(built), total: 0n, done: false };
}

function start(handler: Handler, streamEndGraceMs = 5_000): Promise<TransportServer> {
  return TransportServer.start({
    handlers: { rebuildLeaderboard: serverStreaming(handler) },
    limits: { streamEndGraceMs },
  });
}

/** A server whose handler leaves the stream to the test. */
async function startWithStream(
  streamEndGraceMs?: number,
): Promise<{ running: TransportServer; opened: Promise<Stream> }> {
  const opened = Promise.withResolvers<Stream>();
  const running = await start((_request, stream) => {
    opened.resolve(stream);
    return stream.closed;
  }, streamEndGraceMs);
  return { running, opened: opened.promise };
}

/** Reads a call to its end. */
async function read(
  client: AdminClient,
): Promise<{ built: number[]; status: grpc.StatusObject; error: grpc.ServiceError | undefined }> {
  const call = client.rebuildLeaderboard({ leaderboardId: 'weekly' });
  const built: number[] = [];
  let error: grpc.ServiceError | undefined;
  call.on('data', (message: RebuildLeaderboardResponse) => built.push(Number(message.built)));
  call.on('error', (failure: grpc.ServiceError) => {
    error = failure;
  });
  const status = await new Promise<grpc.StatusObject>((resolve) => call.on('status', resolve));
  return { built, status, error };
}

test('messages arrive in order, as messages, as bytes and as batches, then OK', async () => {
  const bytes = (built: number) => RebuildLeaderboardResponse.encode(progress(built)).finish();
  await using running = await start(async (_request, stream) => {
    stream.write(progress(1));
    stream.write(bytes(2));
    stream.writeMany([bytes(3), bytes(4), bytes(5)]);
    stream.write(progress(6));
  });
  const { built, status } = await read(running.client('admin'));
  expect(built).toEqual([1, 2, 3, 4, 5, 6]);
  expect(status.code).toBe(grpc.status.OK);
  await expect
    .poll(() => running.stats.snapshot()[0])
    .toMatchObject({ method: REBUILD, calls: 1, errors: 0, open: 0 });
});

test('what was written before an error still arrives', async () => {
  await using running = await start(async (_request, stream) => {
    stream.write(progress(1));
    throw new RostrumError('SEASON_NOT_FOUND', 'no such season');
  });
  const { built, error } = await read(running.client('admin'));
  expect(built).toEqual([1]);
  expect(error?.code).toBe(grpc.status.NOT_FOUND);
  expect(reasonOf(error as grpc.ServiceError)).toBe('SEASON_NOT_FOUND');
});

test('a fault of the handler is INTERNAL, with its cause in the log', async () => {
  await using running = await start(async () => {
    throw new TypeError('secret');
  });
  const { error } = await read(running.client('admin'));
  expect(error?.code).toBe(grpc.status.INTERNAL);
  expect(error?.details).not.toContain('secret');
  expect(running.recorded.lines).toContainEqual(expect.objectContaining({ msg: 'call failed' }));
});

test('a request that is no message is INVALID_ARGUMENT', async () => {
  await using running = await start(async () => {});
  const session = rawConnection(running.port, 'admin');
  const { status } = await finished(rawCall(session, REBUILD, [Buffer.from([0x0a, 0xff])]));
  expect(status).toBe(grpc.status.INVALID_ARGUMENT);
  session.destroy();
});

test('writing waits for a slow reader, and everything arrives', async () => {
  let waits = 0;
  await using running = await start(async (_request, stream) => {
    for (let built = 0; built < 2_000; built += 1) {
      const message = RebuildLeaderboardResponse.encode(progress(built)).finish();
      const padded = Buffer.concat([message, Buffer.from([0x1a, 0x80, 0x08]), Buffer.alloc(1024)]);
      if (!stream.write(padded)) {
        waits += 1;
        await stream.drained();
      }
    }
  });
  const { built } = await read(running.client('admin'));
  expect(built).toEqual(Array.from({ length: 2_000 }, (_, index) => index));
  expect(waits).toBeGreaterThan(0);
});

test('a reader that goes aborts the signal and frees whoever waits for it', async () => {
  const gone = Promise.withResolvers<void>();
  const drained = Promise.withResolvers<unknown>();
  await using running = await start(async (_request, stream, { signal }) => {
    signal.addEventListener('abort', () => gone.resolve());
    while (stream.write(Buffer.alloc(10_000))) {
      // Until the reader's window and the queue are full.
    }
    await stream.drained().catch((error: unknown) => {
      drained.resolve(error);
      throw error;
    });
  });
  const session = rawConnection(running.port, 'admin', { initialWindowSize: 0 });
  const call = rawCall(session, REBUILD, [REQUEST]);
  await once(call, 'response');
  session.destroy();
  await gone.promise;
  expect(await drained.promise).toMatchObject({ name: 'CallCancelled' });
  await expect
    .poll(() => running.stats.snapshot()[0])
    .toMatchObject({ method: REBUILD, calls: 1, errors: 0, cancelled: 1, open: 0 });
  expect(running.recorded.lines.filter(({ level }) => level === 'error')).toEqual([]);
});

test('writing to a stream that is over does nothing', async () => {
  const { running, opened } = await startWithStream();
  await using _ = running;
  const reading = read(running.client('admin'));
  const stream = await opened;
  stream.end();
  expect(stream.write(progress(1))).toBe(false);
  expect(stream.writeMany([])).toBe(false);
  stream.end(new Error('ignored'));
  await expect(stream.drained()).rejects.toMatchObject({ name: 'CallCancelled' });
  await stream.closed;
  const { built, status } = await reading;
  expect(built).toEqual([]);
  expect(status.code).toBe(grpc.status.OK);
});

test('who asks to hear of the end of a stream that is over hears it at once', async () => {
  const { running, opened } = await startWithStream();
  await using _ = running;
  const call = running.client('admin').rebuildLeaderboard({});
  call.on('error', () => {});
  const stream = await opened;
  const closes = new Promise<void>((resolve) => stream.onClose(resolve));
  call.cancel();
  await closes;
  let again = false;
  stream.onClose(() => {
    again = true;
  });
  expect(again).toBe(true);
});

test('an error reaches a reader that comes back within the grace time', async () => {
  const { running, opened } = await startWithStream();
  await using _ = running;
  const session = rawConnection(running.port, 'admin', { initialWindowSize: 0 });
  const call = rawCall(session, REBUILD, [REQUEST]);
  const seen = finished(call);
  const stream = await opened;
  stream.write(progress(1));
  stream.end(new RostrumError('WATCHER_TOO_SLOW', 'did not read'));
  session.settings({ initialWindowSize: 65_535 });
  expect(await seen).toMatchObject({ status: grpc.status.ABORTED, details: 'did not read' });
  session.destroy();
});

test.each([
  ['WATCHER_TOO_SLOW', new RostrumError('WATCHER_TOO_SLOW', 'did not read'), 11],
  ['SHUTTING_DOWN', shuttingDown(), 7],
])('a reader that never reads loses the stream after it (%s)', async (_name, error, resetCode) => {
  const { running, opened } = await startWithStream(100);
  await using _ = running;
  const session = rawConnection(running.port, 'admin', { initialWindowSize: 0 });
  const seen = finished(rawCall(session, REBUILD, [REQUEST]));
  const stream = await opened;
  while (stream.write(Buffer.alloc(1_000))) {
    // Until the queue is full.
  }
  stream.end(error);
  await stream.closed;
  expect(await seen).toMatchObject({ status: undefined, resetCode });
  await expect(ping(running.client('reader'))).resolves.toBeDefined();
  session.destroy();
});

test('owners of streams end them when the server shuts down', async () => {
  const { running, opened } = await startWithStream();
  await using _ = running;
  const reading = read(running.client('admin'));
  const stream = await opened;
  running.server.onDrain(() => stream.end(shuttingDown({ resume_token: 'r1' })));
  await running.server.drain(5_000);
  const { error } = await reading;
  expect(error?.code).toBe(grpc.status.UNAVAILABLE);
  expect(reasonOf(error as grpc.ServiceError)).toBe('SHUTTING_DOWN');
});
