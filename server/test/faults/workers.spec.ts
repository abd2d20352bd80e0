import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { RostrumCli } from '../support/rostrum-cli.ts';
import { Stage } from './stage.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.start({ env: { ROSTRUM_WORKERS: '2' } });
});

afterAll(async () => {
  await stage?.stop();
});

/** The processes that a process has started; from /proc, so Linux only. */
function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8')
      .split(' ')
      .filter((child) => child !== '')
      .map(Number),
  );
}

/** How many workers have begun to serve, those that died included. */
function listening(): number {
  return stage.server.log().filter(({ msg }) => msg === 'listening').length;
}

it('rostrum stats says which worker has answered, and asks each with --all-workers', async () => {
  await expect.poll(listening, { timeout: 10_000 }).toBe(2);
  const cli = new RostrumCli(stage.server.address);
  const one = await cli.run(['stats']);
  expect(one).toMatchObject({ code: 0, stderr: expect.stringContaining('--all-workers') });
  expect(one.stdout).toMatch(/^worker +[12], one of 2\n/);
  const all = await cli.json('stats', '--all-workers');
  expect(all).toMatchObject([
    { worker: 1, workers: 2 },
    { worker: 2, workers: 2 },
  ]);
  expect((await cli.run(['stats', '--all-workers'])).stdout).toMatch(
    /^worker +1, one of 2\n.*\n\nworker +2, one of 2\n/s,
  );
});

it.runIf(process.platform === 'linux')(
  'a worker that is killed is replaced, and its clients go on',
  async () => {
    const parent = stage.server.pid as number;
    // Each worker says so, and the port stays with them only while one listens.
    await expect.poll(listening, { timeout: 10_000 }).toBe(2);
    await using client = stage.client();
    for (let round = 1; round <= 2; round += 1) {
      const before = childrenOf(parent);
      const died = stage.server.waitForLog(({ msg }) => msg === 'a worker died; starting another');
      process.kill(before[0] as number, 'SIGKILL');
      await died;
      const result = await client.scores.submit({
        leaderboardId: 'workers',
        playerId: 'p',
        score: round,
        submissionId: `round-${round}`,
      });
      expect(result).toMatchObject({ outcome: 'APPLIED', standing: { score: round } });
      await expect.poll(listening, { timeout: 10_000 }).toBe(2 + round);
    }
  },
);
