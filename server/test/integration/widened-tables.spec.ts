import fc from 'fast-check';
import pg from 'pg';
import { expect, it } from 'vitest';
import { BoardRun } from '../model/board-run.js';
import { AGGREGATIONS, type BoardSettings } from '../model/naive-board.js';
import { sequences, TEST_SCALE } from '../model/sequences.js';
import { collect } from '../support/collect.ts';
import { useTestService } from '../support/test-service.ts';

// Servers are replaced one by one: the first of a new version gives tables the columns that it needs,
// and those of the version before go on meanwhile.
const service = useTestService();

/** Gives every table a column, as a migration of a later version does. */
async function widenTables(): Promise<void> {
  const client = new pg.Client({ connectionString: service.databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>(
      `SELECT oid::regclass::text AS name FROM pg_class
       WHERE relnamespace = 'rostrum'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition`,
    );
    for (const { name } of rows) {
      await client.query(`ALTER TABLE ${name} ADD COLUMN later integer NOT NULL DEFAULT 7`);
    }
  } finally {
    await client.end();
  }
}

it('a server goes on when a later version has given the tables more columns', async () => {
  const client = service.client('admin');
  const orders = { sortOrder: 'DESCENDING', subscoreSortOrder: 'ASCENDING' } as const;
  const play = (settings: BoardSettings) =>
    fc.assert(
      fc.asyncProperty(sequences(40), async (steps) => {
        const run = new BoardRun(client, settings);
        await run.play(steps);
        const { leaderboardId } = run;
        const last = (await collect(client.admin.verify({ leaderboardId }))).at(-1);
        expect(last).toMatchObject({ done: true, differenceCount: 0 });
      }),
      { numRuns: Math.ceil(2 * TEST_SCALE) },
    );
  await play({ aggregation: 'BEST', ...orders });
  await widenTables();
  for (const aggregation of AGGREGATIONS) await play({ aggregation, ...orders });

  const board = { leaderboardId: 'later' };
  await client.leaderboards.create(board);
  await client.leaderboards.update({ ...board, aggregation: 'SUM' });
  await client.scores.submit({ ...board, playerId: 'p', score: 3 });
  expect((await collect(client.admin.rebuild(board))).at(-1)).toMatchObject({ done: true });
  expect(await client.standings.top(board)).toMatchObject({ standings: [{ score: 3 }] });
  await client.leaderboards.delete(board);
}, 60_000);
