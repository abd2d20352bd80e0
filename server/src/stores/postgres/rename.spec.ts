import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/support/test-database.ts';
import { Database } from './database.js';
import { PostgresOutbox } from './outbox.js';

const BOARDS = 250;

let own: TestDatabase;
let database: Database;

beforeAll(async () => {
  own = await createTestDatabase();
  database = new Database({
    url: own.url,
    name: 'test',
    maxConnections: 4,
    statementTimeoutMs: 10_000,
    connectTimeoutMs: 5_000,
  });
});

afterAll(async () => {
  await database?.close();
  await own?.drop();
});

async function sql<Row extends object>(text: string): Promise<Row[]> {
  return database.withConnection(async (client) => (await client.query(text)).rows as Row[]);
}

async function countNamed(name: string): Promise<number> {
  const [row] = await sql<{ count: number }>(
    `SELECT count(*)::integer FROM rostrum.entries WHERE display_name = '${name}'`,
  );
  return row?.count ?? -1;
}

test('a new name reaches the entries of a player a hundred at a time, so that none is locked for long', async () => {
  await sql(`
    INSERT INTO rostrum.players (player_id, display_name) VALUES ('p', 'New');
    INSERT INTO rostrum.entries (ranking_no, player_id, score, subscore, reached, version,
                                 submissions, client_us, achieved_us, update_us, display_name)
    SELECT n, 'p', n, 0, n, n, 1, 1, 1, 1, 'Old' FROM generate_series(1, ${BOARDS}) AS n;
    INSERT INTO rostrum.renames (player_id) VALUES ('p')`);
  const outbox = new PostgresOutbox(database);
  const named: number[] = [];
  for (let turns = 0; turns < 10 && (await outbox.applyRename()); turns += 1) {
    named.push(await countNamed('New'));
  }
  expect(named).toEqual([100, 200, BOARDS]);
  expect(await sql('SELECT 1 FROM rostrum.renames')).toEqual([]);
  // Every changed entry is in the outbox, each with a version of its own.
  const inOutbox = await sql<{ count: number; versions: number }>(`
    SELECT count(DISTINCT e.ranking_no)::integer, count(DISTINCT e.version)::integer AS versions
    FROM rostrum.outbox o
    JOIN rostrum.entries e ON e.ranking_no = ANY (o.ranking_nos) AND e.player_id = 'p'`);
  expect(inOutbox).toEqual([{ count: BOARDS, versions: BOARDS }]);
});

test('a name that is changed midway reaches all entries', async () => {
  await sql(`
    INSERT INTO rostrum.players (player_id, display_name) VALUES ('q', 'First');
    INSERT INTO rostrum.entries (ranking_no, player_id, score, subscore, reached, version,
                                 submissions, client_us, achieved_us, update_us, display_name)
    SELECT n, 'q', n, 0, n, n, 1, 1, 1, 1, 'Before' FROM generate_series(1, ${BOARDS}) AS n;
    INSERT INTO rostrum.renames (player_id) VALUES ('q')`);
  const outbox = new PostgresOutbox(database);
  await outbox.applyRename();
  expect(await countNamed('First')).toBe(100);
  await sql(`UPDATE rostrum.players SET display_name = 'Second' WHERE player_id = 'q';
             INSERT INTO rostrum.renames (player_id) VALUES ('q')`);
  while (await outbox.applyRename());
  expect(await countNamed('Second')).toBe(BOARDS);
});
