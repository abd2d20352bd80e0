import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Stage } from './stage.ts';

const leaderboardId = 'full';

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.start();
});

afterAll(async () => {
  await stage?.stop();
});

it('while Redis is full, it is as if it were down, and all is brought in when there is room', async () => {
  await using client = stage.client();
  const submit = (score: number) =>
    client.scores.submit({ leaderboardId, playerId: `p${score}`, score });
  await submit(0);
  await expect.poll(async () => (await submit(0)).ranked).toBe(true);
  const redis = new Redis(stage.redis.url());
  const told = stage.server.waitForLog(({ reason }) => String(reason).includes('OOM'));
  await redis.config('SET', 'maxmemory', '1');
  for (let score = 1; score <= 20; score += 1) {
    expect(await submit(score)).toMatchObject({ outcome: 'APPLIED', ranked: false });
    const { standings } = await client.standings.listPage({ leaderboardId });
    expect(standings.map((standing) => standing.score)).toEqual(
      Array.from({ length: score + 1 }, (_, at) => score - at),
    );
  }
  await told;
  await redis.config('SET', 'maxmemory', '0');
  redis.disconnect();
  await expect
    .poll(async () => (await client.standings.listPage({ leaderboardId })).revision, {
      timeout: 10_000,
    })
    .toBeGreaterThan(20);
  expect(await submit(21)).toMatchObject({ ranked: true, standing: { rank: 1 } });
});
