import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { announce } from '../../../clients/typescript/examples/announcer.js';
import { playMatches } from '../../../clients/typescript/examples/match-server.js';
import { useTestService } from '../support/test-service.ts';

const service = useTestService();
const directory = mkdtempSync(join(tmpdir(), 'rostrum-examples-'));

afterAll(() => rmSync(directory, { recursive: true, force: true }));

it('a match server plays on while Rostrum is away, and each of its scores is recorded once', async () => {
  const scores = join(directory, 'scores');
  const leaderboardId = 'matches';
  const client = service.client();
  const options = { directory: scores, leaderboardId, pauseMs: 1 };

  // The process ends while the service is away.
  await service.server.kill();
  const ended = new AbortController();
  const first = playMatches(client, { ...options, matches: 25, signal: ended.signal });
  const stored = () =>
    readdirSync(scores).flatMap(
      (name) => readFileSync(join(scores, name), 'utf8').match(/\n/g) ?? [],
    );
  await expect.poll(() => stored().length).toBe(100);
  ended.abort();
  await first;

  await service.server.start();
  await playMatches(client, { ...options, matches: 25, signal: new AbortController().signal });
  expect(readdirSync(scores)).toEqual([]);
  const { standings } = await client.standings.top({ leaderboardId });
  expect(standings.map(({ submissionCount }) => submissionCount)).toEqual([50, 50, 50, 50]);
});

it('an announcer goes on where it was, also where its token means nothing any more', async () => {
  const leaderboardId = 'announced';
  const file = join(directory, 'announcer.json');
  const client = service.client();
  const submit = (playerId: string, score: number) =>
    client.scores.submit({ leaderboardId, playerId, score });
  const lines: string[] = [];
  const begin = () => {
    const stop = new AbortController();
    const print = (line: string) => lines.push(line);
    const running = announce(client, { leaderboardId, file, print, signal: stop.signal });
    return async () => {
      stop.abort();
      await running;
    };
  };
  const known = () => JSON.parse(readFileSync(file, 'utf8')) as { topThree: string[] };
  const expectLine = async (line: string, topThree: string[]) => {
    await expect.poll(() => lines.shift(), { timeout: 10_000 }).toBe(line);
    await expect.poll(() => known().topThree.toSorted(), { timeout: 10_000 }).toEqual(topThree);
  };

  let end = begin(); // before the leaderboard exists
  await submit('ada', 10);
  await expectLine('ada is number 1 with 10', ['ada']);
  await submit('bob', 20);
  await expectLine('bob is number 1 with 20', ['ada', 'bob']);
  await end();

  await submit('eve', 15);
  end = begin();
  await expectLine('eve is number 2 with 15', ['ada', 'bob', 'eve']);
  await submit('bob', 30); // moves, and does not enter
  await submit('dan', 5); // is number 4
  await submit('cat', 40);
  await expectLine('cat is number 1 with 40', ['bob', 'cat', 'eve']);
  await end();

  writeFileSync(file, JSON.stringify({ ...known(), resumeToken: 'nonsense' }));
  await submit('ada', 50);
  end = begin();
  await expectLine('ada is number 1 with 50', ['ada', 'bob', 'cat']);
  await end();
  expect(lines).toEqual([]);
});
