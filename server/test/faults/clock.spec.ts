import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { RostrumClient } from '@rostrum/client';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { LocalRedis } from '../../../scripts/services/redis.ts';
import { PostgresHost } from '../machine/stage/postgres-host.ts';
import { startOwnRedis } from '../support/own-services.ts';
import { ServerProcess } from '../support/server-process.ts';
import { testCertificates } from '../support/test-certificates.ts';

const HOUR_SECONDS = 3600;

let postgres: PostgresHost;
let redis: LocalRedis;
let server: ServerProcess;
let client: RostrumClient;

beforeAll(async () => {
  const directory = join(inject('temporaryDirectory'), `clock-${process.pid}`);
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

/** Seconds since 1970. */
async function databaseTime(): Promise<number> {
  const [row] = await postgres.sql<{ seconds: number }>(
    'SELECT extract(epoch FROM clock_timestamp())::float8 AS seconds',
  );
  return row?.seconds ?? Number.NaN;
}

test('what was acknowledged before a step back of the clock is there when the index serves', async (context) => {
  const { clock: why } = postgres.lacking;
  if (why !== undefined) {
    // Where it counts it must not be left out unseen.
    expect(process.env.CI, why).toBeUndefined();
    context.skip(why);
  }
  const leaderboardId = 'clock-steps-back';
  const submit = (playerId: string, score: number) =>
    client.scores.submit({ leaderboardId, playerId, score, submissionId: `${playerId}-${score}` });
  await submit('p0', 0);
  await redis.kill();
  for (let n = 1; n <= 20; n += 1)
    expect(await submit(`p${n}`, n)).toMatchObject({ ranked: false });

  const before = await databaseTime();
  postgres.stepClock(-HOUR_SECONDS);
  await expect.poll(databaseTime, { timeout: 10_000 }).toBeLessThan(before - HOUR_SECONDS / 2);
  await redis.start();

  let answer = await client.standings.listPage({ leaderboardId });
  while (answer.revision === 0) answer = await client.standings.listPage({ leaderboardId });
  expect(answer.standings[0]).toMatchObject({ playerId: 'p20', rank: 1 });
  expect(answer.totalPlayers).toBe(21);
  expect(await submit('p21', 21)).toMatchObject({ ranked: true, totalPlayers: 22 });
  expect((await client.standings.get({ leaderboardId, playerId: 'p1' })).standing.rank).toBe(21);
});
