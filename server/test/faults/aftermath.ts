import { isRostrumError, type RostrumClient } from '@rostrum/client';
import { expect } from 'vitest';
import type { Load } from './load.ts';
import type { Stage } from './stage.ts';

/** What of a load is compared with what is there in the end. */
type Finished = Pick<Load, 'violations' | 'reads' | 'acknowledged' | 'expected'>;
/** What of a stage that takes. */
type Scene = Pick<Stage, 'servers' | 'client' | 'sql'>;

interface Row {
  player_id: string;
  score: number;
  submissions: number;
}

/** Resolves when reads of the board come from the index again. */
export async function untilIndexed(client: RostrumClient, leaderboardId: string): Promise<void> {
  await expect
    .poll(async () => (await client.standings.listPage({ leaderboardId })).revision, {
      timeout: 30_000,
    })
    .toBeGreaterThan(0);
}

/**
 * The load has ended: every acknowledged submission is recorded exactly once and nothing else is,
 * the entries are what they add up to, every server lists them in the right order from the index,
 * and nothing that was read meanwhile was wrong.
 */
export async function expectNothingLost(
  stage: Scene,
  load: Finished,
  leaderboardId: string,
): Promise<void> {
  expect(load.violations.slice(0, 30)).toEqual([]);
  expect(load.reads).toBeGreaterThan(0);

  const recorded = await stage.sql<{ id: string; times: string }>(
    `SELECT player_id || ' ' || submission_id AS id, count(*) AS times
     FROM rostrum.submissions JOIN rostrum.leaderboards USING (board_no)
     WHERE leaderboard_id = $1 GROUP BY 1`,
    [leaderboardId],
  );
  expect(recorded.filter(({ times }) => times !== '1')).toEqual([]);
  const acknowledged = load.acknowledged.map((each) => `${each.playerId} ${each.submissionId}`);
  expect(new Set(acknowledged).size).toBe(acknowledged.length);
  expect(new Set(recorded.map(({ id }) => id))).toEqual(new Set(acknowledged));

  const entries = await stage.sql<Row>(
    `SELECT e.player_id, e.score, e.submissions
     FROM rostrum.entries e
     JOIN rostrum.rankings USING (ranking_no) JOIN rostrum.leaderboards USING (board_no)
     WHERE leaderboard_id = $1 ORDER BY e.score DESC, e.subscore DESC, e.reached`,
    [leaderboardId],
  );
  expect(new Map(entries.map((row) => [row.player_id, asExpected(row)]))).toEqual(
    new Map(load.expected),
  );

  for (const server of stage.servers) {
    if (server.pid === undefined) continue;
    await using client = stage.client('admin', server);
    await untilIndexed(client, leaderboardId);
    const { standings, totalPlayers } = await client.standings.listPage({
      leaderboardId,
      pageSize: 1000,
    });
    expect(standings.map(({ playerId, score }) => `${playerId} ${score}`)).toEqual(
      entries.map(({ player_id, score }) => `${player_id} ${score}`),
    );
    expect(totalPlayers).toBe(entries.length);
    expect(await differences(client, leaderboardId)).toEqual([]);
  }
}

function asExpected({ score, submissions }: Row) {
  return { score, submissions };
}

/** What VerifyLeaderboard finds. */
async function differences(client: RostrumClient, leaderboardId: string): Promise<string[]> {
  const found: string[] = [];
  try {
    for await (const progress of client.admin.verify({ leaderboardId })) {
      found.push(
        ...progress.differences.map((each) => `${each.kind} ${each.playerId}: ${each.description}`),
      );
    }
  } catch (error) {
    if (isRostrumError(error) && error.code === 'UNIMPLEMENTED') return [];
    throw error;
  }
  return found;
}
