import type { RostrumClient } from '@rostrum/client';
import { beforeAll, describe, expect, it } from 'vitest';
import { useTestService } from '../support/test-service.ts';

const service = useTestService({ servers: 2 });
/** For how long a server remembers a leaderboard that nobody asks for, in milliseconds. */
const REMEMBERED_MS = 10_000;

let a: RostrumClient;
let b: RostrumClient;

beforeAll(() => {
  [a, b] = service.servers.map((server) => service.client('admin', server)) as [
    RostrumClient,
    RostrumClient,
  ];
});

/** How long it takes, in milliseconds, until server B shows this player alone. */
async function untilShown(leaderboardId: string, playerId: string): Promise<number> {
  const start = performance.now();
  const shown = async () =>
    (await b.standings.listPage({ leaderboardId })).standings.map((each) => each.playerId);
  await expect.poll(shown, { timeout: 30_000, interval: 5 }).toEqual([playerId]);
  return performance.now() - start;
}

describe('a server that nobody told of it', () => {
  it('knows at once of a leaderboard that was deleted and made again', async () => {
    const leaderboardId = 'made-again';
    await a.leaderboards.create({ leaderboardId });
    await a.scores.submit({ leaderboardId, playerId: 'old', score: 9 });
    await untilShown(leaderboardId, 'old');
    await a.leaderboards.delete({ leaderboardId });
    await a.leaderboards.create({ leaderboardId, sortOrder: 'ASCENDING' });
    await a.scores.submit({ leaderboardId, playerId: 'new', score: 7 });
    expect(await untilShown(leaderboardId, 'new')).toBeLessThan(REMEMBERED_MS / 10);
  });
});

describe('a watch that resumes', () => {
  const view = { top: 3 };

  /** The tokens of a view and of the changes of a leaderboard. */
  async function tokensOf(leaderboardId: string): Promise<{ view: string; changes: string }> {
    await using standings = a.watch.standings({ leaderboardId, view });
    await using changes = a.watch.changes({ leaderboardId });
    const [first, second] = await Promise.all([standings.next(), changes.next()]);
    return { view: first.value?.resumeToken ?? '', changes: second.value?.resumeToken ?? '' };
  }

  it('starts over with a reset when the rules were changed meanwhile, on every server', async () => {
    const leaderboardId = 'other-rules';
    await a.leaderboards.create({ leaderboardId });
    const tokens = await tokensOf(leaderboardId);
    await a.leaderboards.update({ leaderboardId, sortOrder: 'ASCENDING' });
    await a.scores.submit({ leaderboardId, playerId: 'low', score: 1 });
    await a.scores.submit({ leaderboardId, playerId: 'high', score: 2 });
    for (const client of [a, b]) {
      await using standings = client.watch.standings({
        leaderboardId,
        view,
        resumeToken: tokens.view,
      });
      const { value: snapshot } = await standings.next();
      expect(snapshot).toMatchObject({ type: 'snapshot', reset: true });
      if (snapshot?.type !== 'snapshot') throw new Error('no snapshot');
      expect(snapshot.standings.map(({ playerId }) => playerId)).toEqual(['low', 'high']);
      await using changes = client.watch.changes({ leaderboardId, resumeToken: tokens.changes });
      expect((await changes.next()).value).toMatchObject({ reset: true });
    }
  });

  it('is refused with the token of a leaderboard of that name that was deleted', async () => {
    const leaderboardId = 'namesake';
    await a.leaderboards.create({ leaderboardId });
    const tokens = await tokensOf(leaderboardId);
    await a.leaderboards.delete({ leaderboardId });
    await a.leaderboards.create({ leaderboardId });
    const refusal = { reason: 'INVALID_RESUME_TOKEN' };
    await using standings = a.watch.standings({ leaderboardId, view, resumeToken: tokens.view });
    await expect(standings.next()).rejects.toMatchObject(refusal);
    await using changes = a.watch.changes({ leaderboardId, resumeToken: tokens.changes });
    await expect(changes.next()).rejects.toMatchObject(refusal);
  });
});
