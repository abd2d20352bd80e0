import { once } from 'node:events';
import { stripVTControlCharacters } from 'node:util';
import type { RostrumClient } from '@rostrum/client';
import { beforeAll, describe, expect, it } from 'vitest';
import { hasTerminals, linesOf, type RostrumCli, screenOf } from '../support/rostrum-cli.js';
import { useTestService } from '../support/test-service.ts';

const service = useTestService();
let cli: RostrumCli;
let client: RostrumClient;

beforeAll(() => {
  cli = service.cli();
  client = service.client('writer');
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

interface FeedLine {
  readonly changes: readonly { playerId: string; standing: { score: number } }[];
  readonly resumeToken: string;
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
  it.runIf(hasTerminals)(
    'moves rows on a terminal within 200 ms, and leaves it as it was',
    async () => {
      await client.scores.submit({ leaderboardId: 'live', playerId: 'ada', score: 100 });
      await client.scores.submit({
        leaderboardId: 'live',
        playerId: 'bo',
        score: 50,
        displayName: '美咲',
      });
      const watch = cli.startOnTerminal(['watch', 'live']);
      const screen = screenOf(watch);
      await screen.shows(/美咲 \(bo\) .*50/);
      await client.scores.submit({ leaderboardId: 'live', playerId: 'bo', score: 60 });
      await screen.shows(/60/);
      const start = performance.now();
      await client.scores.submit({ leaderboardId: 'live', playerId: 'bo', score: 150 });
      await screen.shows(/▲ 2→1.*美咲/);
      expect(performance.now() - start).toBeLessThan(200);

      watch.stdin?.write('\x03');
      expect(await once(watch, 'close')).toEqual([0, null]);
      // Back on the screen that was there before, the cursor shown, the last standings on it.
      const { text } = screen;
      for (const [taken, given] of [
        ['\x1b[?1049h', '\x1b[?1049l'],
        ['\x1b[?25l', '\x1b[?25h'],
        ['\x1b[?7l', '\x1b[?7h'],
      ] as const) {
        expect(text).toContain(taken);
        expect(text.lastIndexOf(given)).toBeGreaterThan(text.lastIndexOf(taken));
      }
      const afterwards = text.slice(text.lastIndexOf('\x1b[?1049l'));
      expect(stripVTControlCharacters(afterwards)).toMatch(/ 1 {2}bo +美咲 +150 /);
    },
  );

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

  it('goes on where an earlier watch ended', async () => {
    const submit = (score: number) =>
      client.scores.submit({ leaderboardId: 'resumed', playerId: 'ada', score });
    await submit(1);
    const first = cli.start(['watch', 'resumed', '--changes', '--json']);
    const start = JSON.parse((await linesOf(first).next()).value as string) as FeedLine;
    first.kill('SIGINT');
    await once(first, 'close');
    await submit(2);
    await submit(3);
    const resume = ['--resume', start.resumeToken];
    const second = cli.start(['watch', 'resumed', '--changes', '--json', ...resume]);
    const scores: number[] = [];
    for await (const line of linesOf(second)) {
      const { changes } = JSON.parse(line) as FeedLine;
      scores.push(...changes.map(({ standing }) => standing.score));
      if (scores.length >= 2) break;
    }
    expect(scores).toEqual([2, 3]);
    second.kill('SIGINT');
    await once(second, 'close');
  });

  it('tells that it is interrupted, live again, and why it ends', async () => {
    await client.scores.submit({ leaderboardId: 'state', playerId: 'ada', score: 1 });
    const watches = [
      { args: ['watch', 'state'], lost: /^reconnecting: [A-Z_]+\n/, back: /live again\n/ },
      {
        args: ['watch', 'state', '--changes', '--json'],
        lost: /^\{"state":\{"status":"interrupted","reason":"[A-Z_]+"\}\}\n/,
        back: /\{"state":\{"status":"live"\}\}\n/,
      },
    ].map((watch) => {
      const child = cli.start(watch.args);
      let stderr = '';
      child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        stderr += text;
      });
      child.stdout?.resume();
      return { ...watch, child, ended: once(child, 'close'), stderr: () => stderr };
    });
    await expect
      .poll(
        async () => {
          const { watches: open } = (await cli.json('stats'))[0] as {
            watches: { standingsWatchers: number; changesWatchers: number };
          };
          return [open.standingsWatchers, open.changesWatchers];
        },
        { timeout: 15_000 },
      )
      .toEqual([1, 1]);
    await service.server.kill();
    for (const { stderr, lost } of watches) await expect.poll(stderr).toMatch(lost);
    await service.server.start();
    for (const { stderr, lost, back } of watches) {
      await expect.poll(stderr, { timeout: 15_000 }).toMatch(back);
      expect(stderr().replace(lost, '').replace(back, '')).toBe('');
    }
    await cli.json('boards', 'delete', 'state', '--yes');
    for (const { ended, stderr } of watches) {
      expect(await ended).toEqual([1, null]);
      expect(stderr()).toContain('LEADERBOARD_NOT_FOUND');
    }
  });

  it.runIf(hasTerminals)('shows on a terminal what it is doing', async () => {
    await client.scores.submit({ leaderboardId: 'screen', playerId: 'ada', score: 1 });
    const watch = cli.startOnTerminal(['watch', 'screen']);
    const screen = screenOf(watch);
    await screen.shows(/● live/);
    await service.server.kill();
    await screen.shows(/● reconnecting: [A-Z_]+/);
    const before = screen.text.length;
    await service.server.start();
    await expect.poll(() => screen.text.slice(before), { timeout: 15_000 }).toContain('● live');
    watch.stdin?.write('q');
    expect(await once(watch, 'close')).toEqual([0, null]);
  });

  it('shows every single thing that a demo does', async () => {
    await client.scores.submit({ leaderboardId: 'party', playerId: 'host', score: -1 });
    const watch = cli.start(['watch', 'party', '--changes', '--json']);
    const lines = linesOf(watch);
    await lines.next(); // marks where the watch starts
    const demo = cli.json<{ type: string; submissions: number; outcomes: object }>(
      ...['demo', 'party', '--players', '10', '--seconds', '2', '--rate', '5'],
    );
    const watched: FeedLine['changes'][number][] = [];
    const summary = (await demo).at(-1);
    expect(summary?.type).toBe('summary');
    expect(summary?.submissions).toBeGreaterThan(30);
    expect(summary?.outcomes).toEqual({ APPLIED: summary?.submissions });
    // Each player takes a seat with a first score before the game.
    const expected = 10 + (summary?.submissions ?? Number.NaN);
    while (watched.length < expected) {
      const { value, done } = await lines.next();
      if (done) throw new Error('the watch ended');
      watched.push(...(JSON.parse(value) as FeedLine).changes);
    }
    expect(watched).toHaveLength(expected);
    expect(new Set(watched.map(({ playerId }) => playerId)).size).toBe(10);
    watch.kill('SIGINT');
    await once(watch, 'close');
  });

  it('goes on from the scores of the demo before, where the best one counts', async () => {
    await client.scores.submit({ leaderboardId: 'played', playerId: 'host', score: -1 });
    for (const _ of ['first', 'second']) {
      const demo = cli.json<{ submissions: number; outcomes: object }>(
        ...['demo', 'played', '--players', '3', '--seconds', '1', '--rate', '10'],
      );
      const summary = (await demo).at(-1);
      expect(summary?.submissions).toBeGreaterThan(5);
      expect(summary?.outcomes).toEqual({ APPLIED: summary?.submissions });
    }
  });
});
