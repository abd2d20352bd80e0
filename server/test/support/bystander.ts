import { setTimeout as delay } from 'node:timers/promises';
import type { RostrumClient } from '@rostrum/client';
import { expect } from 'vitest';

/** Runs `misbehave` beside a well-behaved client, which must not notice. */
export async function unnoticed<T>(
  client: RostrumClient,
  misbehave: () => Promise<T>,
  slowestMs = 1_500,
): Promise<T> {
  const leaderboardId = 'bystander';
  let running = true;
  let calls = 0;
  let slowest = 0;
  await client.scores.submit({ leaderboardId, playerId: 'me', score: 0 });
  const view = client.watch.liveView({ leaderboardId, view: { top: 3 }, minIntervalMs: 10 });
  await view.ready();
  const behaving = (async () => {
    while (running) {
      const start = performance.now();
      const score = Math.random();
      const { standing } = await client.scores.submit({
        leaderboardId,
        playerId: 'me',
        score: calls + score,
      });
      const read = await client.standings.get({ leaderboardId, playerId: 'me' });
      expect(read.standing).toEqual(standing);
      slowest = Math.max(slowest, performance.now() - start);
      calls += 1;
      await delay(5);
    }
  })();
  try {
    return await misbehave();
  } finally {
    const atLeast = calls + 3;
    await expect.poll(() => calls, { timeout: 10_000 }).toBeGreaterThan(atLeast);
    running = false;
    await behaving;
    expect(slowest).toBeLessThan(slowestMs);
    const { standings } = await client.standings.listPage({ leaderboardId, pageSize: 3 });
    await expect.poll(() => view.standings).toEqual(standings);
    await view.close();
  }
}
