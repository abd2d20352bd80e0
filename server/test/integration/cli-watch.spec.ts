import { once } from 'node:events';
import { RostrumClient } from '@rostrum/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { linesOf, RostrumCli } from '../support/rostrum-cli.js';
import { type ServerProcess, startServerProcess } from '../support/server-process.js';
import { testCertificates } from '../support/test-certificates.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { createTestRedis, type TestRedis } from '../support/test-redis.js';

let database: TestDatabase;
let redis: TestRedis;
let server: ServerProcess;
let cli: RostrumCli;
let client: RostrumClient;

beforeAll(async () => {
  database = await createTestDatabase();
  redis = await createTestRedis();
  server = await startServerProcess({ databaseUrl: database.url, redisUrl: redis.url });
  cli = new RostrumCli(server.address);
  client = RostrumClient.connect({ address: server.address, tls: testCertificates('writer') });
});

afterAll(async () => {
  await client?.close();
  await server?.terminate();
  await redis?.[Symbol.asyncDispose]();
  await database?.drop();
});

interface WatchLine {
  readonly type: 'snapshot' | 'changes' | 'checkpoint';
  readonly standings?: readonly { playerId: string }[];
  readonly changes?: readonly {
    kind: string;
    playerId: string;
    previousRank?: number;
    standing?: { rank: number; score: number };
  }[];
}

async function nextOf(lines: AsyncIterator<string>): Promise<WatchLine> {
  for (;;) {
    const { value, done } = await lines.next();
    if (done) throw new Error('the watch ended');
    const line = JSON.parse(value) as WatchLine;
    if (line.type !== 'checkpoint') return line;
  }
}

describe('rostrum watch', () => {
  it('tells of an overtaking within 200 ms, with old and new ranks', async () => {
    const submit = (playerId: string, score: number) =>
      client.scores.submit({ leaderboardId: 'duel', playerId, score });
    await submit('ada', 100);
    await submit('bo', 50);
    const watch = cli.start(['watch', 'duel', '--json']);
    const lines = linesOf(watch);
    const first = await nextOf(lines);
    expect(first.standings?.map(({ playerId }) => playerId)).toEqual(['ada', 'bo']);

    // The first answer pays for connections and caches that later ones have.
    await submit('bo', 60);
    await nextOf(lines);
    const start = performance.now();
    await submit('bo', 150);
    const change = await nextOf(lines);
    expect(performance.now() - start).toBeLessThan(200);
    expect(change.changes).toContainEqual(
      expect.objectContaining({
        kind: 'MOVED',
        playerId: 'bo',
        previousRank: 2,
        standing: expect.objectContaining({ rank: 1, score: 150 }),
      }),
    );
    watch.kill('SIGINT');
    expect(await once(watch, 'close')).toEqual([0, null]);
  });

  it('prints one line per change where there is no terminal, without a colour', async () => {
    await client.scores.submit({ leaderboardId: 'plain', playerId: 'ada', score: 1 });
    const watch = cli.start(['watch', 'plain', '--changes']);
    const lines = linesOf(watch);
    // A change from before the watch began is not told: submit until one is.
    let told: string | undefined;
    const line = lines.next().then(({ value }) => {
      told = value as string;
    });
    for (let score = 2; told === undefined; score++) {
      await client.scores.submit({ leaderboardId: 'plain', playerId: 'ada', score });
    }
    await line;
    expect(told).toMatch(/^\d+ {2}= {2}ada {2}rank 1 {2}score \d+ → \d+$/);
    watch.kill('SIGTERM');
    expect(await once(watch, 'close')).toEqual([0, null]);
  });

  it('shows what a demo does, every submission of it applied', async () => {
    await cli.json('boards', 'create', 'party', '--aggregation', 'latest');
    const watch = cli.start(['watch', 'party', '--changes', '--json']);
    const watched = new Set<string>();
    let changes = 0;
    const following = (async () => {
      for await (const line of linesOf(watch)) {
        watched.add((JSON.parse(line) as { playerId: string }).playerId);
        changes++;
      }
    })();
    const demo = await cli.json<{ type: string; submissions: number; outcomes: object }>(
      ...['demo', 'party', '--players', '10', '--seconds', '3', '--rate', '5'],
    );
    const summary = demo.at(-1);
    expect(summary?.type).toBe('summary');
    expect(summary?.submissions).toBeGreaterThan(50);
    expect(summary?.outcomes).toEqual({ APPLIED: summary?.submissions });
    const [top] = await cli.json<{ totalPlayers: number }>('top', 'party');
    expect(top?.totalPlayers).toBe(10);
    watch.kill('SIGINT');
    await once(watch, 'close');
    await following;
    expect(watched.size).toBe(10);
    // The first scores may come before the watch; all later ones must be there.
    expect(changes).toBeGreaterThanOrEqual(summary?.submissions ?? Number.POSITIVE_INFINITY);
  });
});
