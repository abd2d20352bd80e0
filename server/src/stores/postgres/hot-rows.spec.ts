import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/support/test-database.ts';
import type { LeaderboardId } from '../../domain/ids.js';
import { DEFAULT_SETTINGS } from '../../domain/leaderboard.js';
import { Database } from './database.js';
import { PostgresRankingStore } from './ranking-store.js';
import { FUNCTION_SET, statement } from './sql-file.js';

const SETTLINGS = 3_000;

let own: TestDatabase;
let client: Client;

beforeAll(async () => {
  own = await createTestDatabase();
  client = new Client({ connectionString: own.url });
  await client.connect();
});

afterAll(async () => {
  await client?.end();
  await own?.drop();
});

interface Plan {
  readonly 'Shared Hit Blocks': number;
  readonly 'Shared Read Blocks': number;
}

/** How many pages a statement touches. */
async function pagesOf(text: string, values: readonly unknown[]): Promise<number> {
  const { rows } = await client.query<{ 'QUERY PLAN': { Plan: Plan }[] }>(
    `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${text}`,
    [...values],
  );
  const plan = rows[0]?.['QUERY PLAN'][0]?.Plan as Plan;
  return plan['Shared Hit Blocks'] + plan['Shared Read Blocks'];
}

test('settling under an open snapshot does not make the look-ups of submissions dearer', async () => {
  const database = new Database({
    url: own.url,
    name: 'test',
    maxConnections: 1,
    statementTimeoutMs: 10_000,
    connectTimeoutMs: 5_000,
  });
  const board = 'hot' as LeaderboardId;
  const store = new PostgresRankingStore(database, database);
  const [{ rankingNo }] = (await store.createDefault(board, DEFAULT_SETTINGS)).rankings;
  await database.close();
  const life = '00000000-0000-4000-8000-000000000001';
  await client.query(
    'UPDATE rostrum.index_marks SET life_id = $2, epoch = 1, whole = true WHERE ranking_no = $1',
    [rankingNo, life],
  );
  await client.query('SET enable_seqscan = off');
  const lookUps = async () => ({
    // By a submission's own statement, and by the server before it.
    byNumber: await pagesOf('SELECT * FROM rostrum.rankings WHERE ranking_no = $1', [rankingNo]),
    byName: await pagesOf(statement('find_board').text, [board]),
  });

  const snapshot = new Client({ connectionString: own.url });
  await snapshot.connect();
  try {
    await snapshot.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM rostrum.rankings');
    await lookUps();
    const before = await lookUps();
    await client.query(
      `DO $$ BEGIN
         FOR n IN 1..${SETTLINGS} LOOP
           PERFORM ${FUNCTION_SET}.settle_outbox('{}', '{0}', '{${rankingNo}}', '{${life}}',
                                         ARRAY[n::bigint], '{NULL}');
           COMMIT;
         END LOOP;
       END $$`,
    );
    const { rows } = await client.query<{ settled_revision: string }>(
      'SELECT settled_revision FROM rostrum.index_marks WHERE ranking_no = $1',
      [rankingNo],
    );
    expect(Number(rows[0]?.settled_revision)).toBe(SETTLINGS);
    const after = await lookUps();
    expect(after.byNumber).toBeLessThanOrEqual(before.byNumber * 2);
    expect(after.byName).toBeLessThanOrEqual(before.byName * 2);
  } finally {
    await snapshot.end();
  }
});
