import { appendFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { ScoreOutbox } from '../../../clients/typescript/examples/score-outbox.js';
import { useTestService } from '../support/test-service.ts';

const service = useTestService();
const directory = mkdtempSync(join(tmpdir(), 'rostrum-outbox-'));

afterAll(() => rmSync(directory, { recursive: true, force: true }));

const PLAYERS = 20;
const ROUNDS = 150;
const leaderboardId = 'outage';
const newLeaderboard = { aggregation: 'SUM' } as const;
const files = () => readdirSync(directory).map((name) => join(directory, name));

it('counts each score once, though the server and the process that has them end meanwhile', async () => {
  const refused: string[] = [];
  const options = {
    directory,
    maxScores: PLAYERS * ROUNDS,
    onRefused: ({ playerId }: { playerId: string }) => refused.push(playerId),
    onBlocked: (error: unknown) => {
      throw error;
    },
  };
  const score = (playerId: string) => ({ leaderboardId, playerId, score: 1, newLeaderboard });

  const { server } = service;
  const client = service.client();
  const outbox = await ScoreOutbox.open(client, options);
  // The service is there: the result comes at once, and nothing is stored.
  expect(await outbox.submit(score('p0'))).toMatchObject({ standing: { score: 1 } });
  expect(await outbox.submit(score('p1'), 10_000)).toMatchObject({ ranked: true });
  expect(outbox.waiting).toBe(0);

  await server.kill();
  // It may be recorded or not, and is stored with the id that it was submitted with.
  expect(await outbox.submit(score('p0'), 200)).toBeUndefined();
  expect(outbox.waiting).toBe(1);
  await outbox.add(score('not a player'));
  const rest = Array.from({ length: PLAYERS * ROUNDS - 2 }, (_, n) => `p${n % PLAYERS}`);
  await Promise.all(rest.map((playerId) => outbox.add(score(playerId))));
  expect(outbox.waiting).toBe(PLAYERS * ROUNDS);
  await expect(outbox.add(score('p0'))).rejects.toThrow('3000 scores wait already');

  // The process ends, in the middle of a write.
  await outbox.close();
  await client.close();
  appendFileSync(files().at(-1) as string, '{"leaderboardId":"outage","playerId":"tor');

  // Who may not submit is told so, and nothing is lost.
  await server.start();
  const blocked = Promise.withResolvers<unknown>();
  const barred = await ScoreOutbox.open(service.client('reader'), {
    ...options,
    onBlocked: blocked.resolve,
  });
  expect(await blocked.promise).toMatchObject({ reason: 'ROLE_NOT_ALLOWED' });
  expect(barred.waiting).toBe(PLAYERS * ROUNDS);
  await barred.close();

  // The next process ends while it sends: some is recorded that it has no answers for.
  const sent = Promise.withResolvers<void>();
  await using halfway = await ScoreOutbox.open(service.client(), {
    ...options,
    onRefused: (submission) => {
      options.onRefused(submission);
      sent.resolve();
    },
  });
  await sent.promise;
  await halfway.close();
  expect(halfway.waiting).toBeGreaterThan(0);
  await server.kill();

  const later = service.client();
  await using again = await ScoreOutbox.open(later, options);
  expect(again.waiting).toBe(halfway.waiting);
  await server.start();
  // And the server once more, while it gets them.
  await expect.poll(() => again.waiting, { timeout: 30_000 }).toBeLessThan(halfway.waiting);
  await server.kill();
  await again.add(score('late'));
  await server.start();
  await expect.poll(() => again.waiting, { timeout: 30_000 }).toBe(0);
  expect(files()).toEqual([]);
  expect(new Set(refused)).toEqual(new Set(['not a player']));

  const expected = new Map(rest.map((playerId) => [playerId, 0]));
  for (const playerId of ['p0', 'p1', 'p0', 'late', ...rest]) {
    expected.set(playerId, (expected.get(playerId) ?? 0) + 1);
  }
  const { standings } = await later.standings.top({ leaderboardId, count: 100 });
  expect(new Map(standings.map((standing) => [standing.playerId, standing.score]))).toEqual(
    expected,
  );
});
