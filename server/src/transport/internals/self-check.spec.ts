import grpc from '@grpc/grpc-js';
import { afterEach, expect, test, vi } from 'vitest';
import { finished, rawCall, rawConnection } from '../../../test/support/raw-http2.ts';
import { ping, RecordedLog, TransportServer } from '../../../test/support/transport-server.ts';
import { RebuildLeaderboardResponse } from '../../gen/rostrum/v1/admin.js';
import { serverStreaming } from '../server-streaming.js';
import { ALL_PARTS, PARTS } from './parts.js';
import { workingParts } from './self-check.js';

afterEach(() => {
  vi.doUnmock('./stream-table.js');
  vi.doUnmock('./request-headers.js');
  vi.resetModules();
});

test('this Node and this grpc-js let every part be done', async () => {
  const { log, lines } = new RecordedLog();
  expect([...(await workingParts(ALL_PARTS, log))]).toEqual(ALL_PARTS);
  expect(lines).toEqual([]);
});

test('a part that can no longer be done is warned of, and left off', async () => {
  vi.resetModules();
  vi.doMock('./stream-table.js', () => ({ useStreamTable: () => false }));
  const fresh = await import('./self-check.js');
  const { log, lines } = new RecordedLog();
  const working = await fresh.workingParts(['stream-table', 'frame-batch'], log);
  expect([...working]).toEqual(['frame-batch']);
  expect(lines).toMatchObject([
    { level: 'warn', part: 'stream-table', lost: PARTS['stream-table'] },
  ]);
});

test('headers that reach grpc-js all the same are warned of', async () => {
  vi.resetModules();
  vi.doMock('./request-headers.js', () => ({ tidyHeaders: () => {} }));
  const fresh = await import('./self-check.js');
  const { log, lines } = new RecordedLog();
  expect([...(await fresh.workingParts(ALL_PARTS, log))]).not.toContain('request-headers');
  expect(lines).toMatchObject([{ level: 'warn', part: 'request-headers' }]);
});

test('calls go on with all parts off', async () => {
  const message = (built: number) =>
    RebuildLeaderboardResponse.encode({ built: BigInt(built), total: 0n, done: false }).finish();
  let flushed = 0;
  await using running = await TransportServer.start({
    internals: [],
    handlers: {
      rebuildLeaderboard: serverStreaming(async (_request, stream) => {
        await new Promise<void>((resolve) => {
          stream.writeMany([message(1), message(2), message(3)], () => {
            flushed += 1;
            resolve();
          });
        });
      }),
    },
  });
  await expect(ping(running.client('reader'))).resolves.toBeDefined();
  const session = rawConnection(running.port, 'admin');
  const path = '/rostrum.v1.AdminService/RebuildLeaderboard';
  const { status, body } = await finished(rawCall(session, path, [new Uint8Array()]));
  session.destroy();
  expect(status).toBe(grpc.status.OK);
  expect(body).toHaveLength(3 * (5 + message(1).byteLength));
  expect(flushed).toBe(1);
});
