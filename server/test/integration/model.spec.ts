import { RostrumClient } from '@rostrum/client';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { BoardRun } from '../model/board-run.js';
import { ALL_SETTINGS, sequences, TEST_SCALE } from '../model/sequences.js';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { testCertificates } from '../support/test-certificates.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { createTestRedis, type TestRedis } from '../support/test-redis.ts';

let database: TestDatabase;
let redis: TestRedis;
let server: ServerProcess;
let client: RostrumClient;

beforeAll(async () => {
  [database, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
  server = await startServerProcess({
    databaseUrl: database.url,
    redisUrl: redis.url,
    // One lane: submissions of different players are then recorded in the order of arrival, too.
    env: { ROSTRUM_WRITE_LANES: '1' },
  });
  const { ca, cert, key } = testCertificates('writer');
  client = RostrumClient.connect({ address: server.address, tls: { ca, cert, key } });
});

afterAll(async () => {
  await client?.close();
  await server?.kill();
  await Promise.all([database?.[Symbol.asyncDispose](), redis?.[Symbol.asyncDispose]()]);
});

describe('one client and the model agree in every answer', () => {
  it.each(ALL_SETTINGS)(
    '$aggregation, $sortOrder, $subscoreSortOrder',
    async (settings) => {
      await fc.assert(
        fc.asyncProperty(sequences(40), async (steps) => {
          await new BoardRun(client, settings).play(steps);
        }),
        { numRuns: Math.ceil(4 * TEST_SCALE), interruptAfterTimeLimit: 30_000 * TEST_SCALE },
      );
    },
    60_000 * TEST_SCALE,
  );
});
