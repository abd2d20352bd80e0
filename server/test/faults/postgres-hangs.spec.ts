import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { RostrumClient } from '@rostrum/client';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { LocalRedis } from '../../../scripts/services/redis.ts';
import { PostgresHost } from '../machine/stage/postgres-host.ts';
import { startOwnRedis } from '../support/own-services.ts';
import { ServerProcess } from '../support/server-process.ts';
import { testCertificates } from '../support/test-certificates.ts';

/** Longer than a leaderboard is remembered without question, and than a statement may take. */
const HANGS_MS = 25_000;
const BOARDS = ['hangs-a', 'hangs-b', 'hangs-c'];

let postgres: PostgresHost;
let redis: LocalRedis;
let server: ServerProcess;
let client: RostrumClient;

beforeAll(async () => {
  const directory = join(inject('temporaryDirectory'), `hang-${process.pid}`);
  mkdirSync(directory);
  [postgres, redis] = await Promise.all([PostgresHost.start(directory, 0), startOwnRedis()]);
  server = new ServerProcess({ databaseUrl: postgres.postgres.url(), redisUrl: redis.url() });
  await server.start();
  const { ca, cert, key } = testCertificates('writer');
  client = RostrumClient.connect({ address: server.address, tls: { ca, cert, key } });
});

afterAll(async () => {
  await client?.close();
  await server?.terminate();
  await Promise.all([redis?.kill(), postgres?.stop()]);
});

test('while PostgreSQL hangs, reads of known boards go on from the index, and hardly one waits', async () => {
  for (const leaderboardId of BOARDS) {
    for (let n = 1; n <= 3; n += 1) {
      await client.scores.submit({ leaderboardId, playerId: `p${n}`, score: n });
    }
    await client.standings.listPage({ leaderboardId });
  }
  postgres.signalAll('SIGSTOP');
  const waits: number[] = [];
  try {
    const until = performance.now() + HANGS_MS;
    const pending = client.scores
      .submit({ leaderboardId: 'hangs-a', playerId: 'p4', score: 4, submissionId: 's4' })
      .catch((error: unknown) => error);
    await Promise.all(
      BOARDS.flatMap((leaderboardId) =>
        [1, 2].map(async () => {
          while (performance.now() < until) {
            const asked = performance.now();
            const { revision, totalPlayers } = await client.standings.listPage(
              { leaderboardId },
              { deadlineMs: 5_000 },
            );
            waits.push(performance.now() - asked);
            expect([revision > 0, totalPlayers]).toEqual([true, 3]);
            await delay(10);
          }
        }),
      ),
    );
    // The server's own words, before the client's deadline of 10 s.
    expect(await pending).toMatchObject({ reason: 'STORE_UNAVAILABLE' });
  } finally {
    postgres.signalAll('SIGCONT');
  }
  const waited = waits.filter((ms) => ms > 250).length;
  console.info(
    `PostgreSQL hung: ${waits.length} reads, the longest took ${Math.round(Math.max(...waits))} ms, ${waited} took more than 250 ms`,
  );
  expect(Math.max(...waits)).toBeLessThan(1_500);
  // Each of the six readers once or twice: when the lease ran out, and when it looked up the boards.
  expect(waited).toBeLessThanOrEqual(18);

  const again = { leaderboardId: 'hangs-a', playerId: 'p4', score: 4, submissionId: 's4' };
  expect(await client.scores.submit(again, { deadlineMs: 30_000 })).toMatchObject({
    outcome: 'APPLIED',
    standing: { score: 4, submissionCount: 1 },
  });
  await expect
    .poll(
      async () => {
        const { revision, standings } = await client.standings.listPage({
          leaderboardId: 'hangs-a',
        });
        return revision > 0 && standings.map(({ playerId }) => playerId).join(' ');
      },
      { timeout: 10_000 },
    )
    .toBe('p4 p3 p2 p1');
});
