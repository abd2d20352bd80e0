import { isRostrumError, RostrumClient } from '@rostrum/client';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { testCertificates } from '../support/test-certificates.ts';
import { waitForLock } from '../support/wait-for-lock.ts';
import { Stage } from './stage.ts';

/** Players of the large board: enough to count as large. */
const PLAYERS = 30_000;

let stage: Stage;
let client: RostrumClient;

beforeAll(async () => {
  stage = await Stage.start();
  const { ca, cert, key } = testCertificates('writer');
  // Each call tells how it was answered the first time.
  client = RostrumClient.connect({
    address: stage.server.address,
    tls: { ca, cert, key },
    retry: false,
    defaultDeadlineMs: 60_000,
  });
});

afterAll(async () => {
  client?.close();
  await stage?.stop();
});

/** The part of the table of entries that a board is in. */
async function partitionOf(leaderboardId: string): Promise<string> {
  const [row] = await stage.sql<{ partition: string }>(
    `SELECT e.tableoid::regclass::text AS partition
     FROM rostrum.entries e JOIN rostrum.rankings k USING (ranking_no)
     JOIN rostrum.leaderboards b USING (board_no)
     WHERE b.leaderboard_id = $1 LIMIT 1`,
    [leaderboardId],
  );
  return row?.partition ?? '';
}

/** Two boards whose entries are in different parts of the table. */
async function makeBoards(): Promise<{ large: string; small: string; partition: string }> {
  const large = 'large';
  await client.scores.submit({ leaderboardId: large, playerId: 'p0', score: 0 });
  await stage.sql(
    `INSERT INTO rostrum.entries (ranking_no, player_id, score, subscore, reached, version,
                                  submissions, client_us, achieved_us, update_us)
     SELECT ranking_no, 'p' || g, g, 0, g, g, 1, 0, 0, 0
     FROM rostrum.rankings JOIN rostrum.leaderboards b USING (board_no),
          generate_series(1, ${PLAYERS - 1}) AS g
     WHERE b.leaderboard_id = $1`,
    [large],
  );
  const partition = await partitionOf(large);
  for (let number = 0; ; number += 1) {
    const small = `small-${number}`;
    await client.scores.submit({ leaderboardId: small, playerId: 'alone', score: 1 });
    if ((await partitionOf(small)) !== partition) return { large, small, partition };
  }
}

it('passes over a large board that get stuck hold up no small one, and end as overload', async () => {
  const { large, small, partition } = await makeBoards();
  await stage.redis.kill();
  const rankOf = async (leaderboardId: string, playerId: string) =>
    (await client.standings.get({ leaderboardId, playerId })).standing.rank;
  expect(await rankOf(large, 'p1')).toBe(PLAYERS - 1);

  const blocker = new pg.Client({ connectionString: stage.postgres.url() });
  await blocker.connect();
  try {
    await blocker.query(`BEGIN; LOCK TABLE ${partition} IN ACCESS EXCLUSIVE MODE`);
    const stuck = Array.from({ length: 20 }, (_, number) =>
      rankOf(large, `p${number}`).catch((error: unknown) => error),
    );
    await waitForLock(stage.postgres.url());
    let largeAnswered = false;
    void Promise.race(stuck).then(() => {
      largeAnswered = true;
    });
    for (let times = 0; times < 10; times += 1) expect(await rankOf(small, 'alone')).toBe(1);
    expect(largeAnswered).toBe(false);
    // PostgreSQL is there: what it could not do in time is worth another try, and no outage.
    for (const error of await Promise.all(stuck)) {
      expect(isRostrumError(error, 'OVERLOADED') && error.retryAfterMs).toBeGreaterThan(0);
    }
  } finally {
    await blocker.end();
  }
  const ranks = await Promise.all(
    Array.from({ length: 20 }, (_, number) => rankOf(large, `p${number}`)),
  );
  expect(ranks).toEqual(Array.from({ length: 20 }, (_, number) => PLAYERS - number));
});
