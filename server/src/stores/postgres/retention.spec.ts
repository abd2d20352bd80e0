import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { countsIn } from '../../../test/support/counts-in.ts';
import { makeTestClock, urlAt } from '../../../test/support/test-clock.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/support/test-database.ts';
import { waitForLock } from '../../../test/support/wait-for-lock.ts';
import type { LeaderboardId, PlayerId, SubmissionId } from '../../domain/ids.js';
import { DEFAULT_SETTINGS } from '../../domain/leaderboard.js';
import type { Ranking } from '../../domain/ranking.js';
import { Database } from './database.js';
import { PostgresPurgeStore } from './purge-store.js';
import { PostgresRankingStore } from './ranking-store.js';
import { SubmissionRetention } from './retention.js';
import { FUNCTION_SET } from './sql-file.js';
import { PostgresSubmissionLog } from './submission-log.js';

const LOG = { debug() {}, info() {}, warn() {}, error() {} };
const OLD = 'submissions_202401';
const OLDER = 'submissions_202312';

let own: TestDatabase;
let database: Database;
let log: PostgresSubmissionLog;
let ranking: Ranking;

beforeAll(async () => {
  own = await createTestDatabase();
  await makeTestClock(own.url);
  database = open();
  log = new PostgresSubmissionLog(database, 31);
  const board = await new PostgresRankingStore(database, database).createDefault(
    'board' as LeaderboardId,
    DEFAULT_SETTINGS,
  );
  ranking = board.rankings[0];
});

beforeEach(async () => {
  await sql(`DROP TABLE IF EXISTS rostrum.${OLD}, rostrum.${OLDER}`);
  await makeMonth(OLDER, '2023-12-01', '2024-01-01');
  await makeMonth(OLD, '2024-01-01', '2024-02-01');
});

afterEach(() => {
  vi.restoreAllMocks();
});

afterAll(async () => {
  await database?.close();
  await own?.drop();
});

function open(url = own.url): Database {
  return new Database({
    url,
    name: 'test',
    maxConnections: 6,
    statementTimeoutMs: 10_000,
    connectTimeoutMs: 5_000,
  });
}

async function sql<Row extends object>(text: string): Promise<Row[]> {
  return database.withConnection(async (client) => (await client.query(text)).rows as Row[]);
}

async function makeMonth(table: string, from: string, to: string): Promise<void> {
  await sql(`CREATE TABLE rostrum.${table} (LIKE rostrum.submissions INCLUDING DEFAULTS)`);
  await sql(`ALTER TABLE rostrum.submissions ATTACH PARTITION rostrum.${table}
             FOR VALUES FROM ('${from} 00:00+0') TO ('${to} 00:00+0')`);
  await sql(`INSERT INTO rostrum.submissions (board_no, season_no, player_id, submission_id,
                                              accept_time, version, score, subscore, outcome)
             VALUES (1, 1, 'p', 'old', '${from} 12:00+0', 1, 1, 0, 1)`);
}

/** The tables of months, the log itself not among them. */
async function months(): Promise<string[]> {
  const rows = await sql<{ relname: string }>(
    `SELECT relname FROM pg_class WHERE relname ~ '^submissions_\\d{6}$' ORDER BY 1`,
  );
  return rows.map(({ relname }) => relname);
}

function retention(days: number, options: { patienceMs?: number; on?: Database } = {}) {
  const { patienceMs = 500, on = database } = options;
  return new SubmissionRetention(on, days, LOG, patienceMs);
}

let submitted = 0;

/** Records a first entry and an update. */
async function submit(): Promise<void> {
  submitted += 1;
  const batch = ['known', `new${submitted}`].map((playerId) => ({
    ...countsIn(ranking),
    playerId: playerId as PlayerId,
    submissionId: `s${submitted}` as SubmissionId,
    score: submitted,
    subscore: 0,
    clientUs: null,
    displayName: '',
    metadata: null,
  }));
  expect((await log.record(batch, false)).results).toHaveLength(2);
}

test('whole months go when they were found too old twice, and what is younger stays', async () => {
  const before = await months();
  const keeper = retention(31);
  await keeper.run();
  expect(await months()).toEqual(before);
  await keeper.run();
  expect(await months()).toEqual(before.filter((name) => name !== OLD && name !== OLDER));
});

test('last month stays, however short the time for which submissions are kept', async () => {
  const url = urlAt(own.url, `now=${new Date().getUTCFullYear()}-12-31T12:00Z`);
  // Both clocks, so that it is not the difference that keeps it.
  vi.spyOn(Date, 'now').mockReturnValue(Date.UTC(new Date().getUTCFullYear(), 11, 31, 12));
  const december = open(url);
  try {
    const year = new Date().getUTCFullYear();
    for (const month of ['10', '11']) {
      if ((await months()).includes(`submissions_${year}${month}`)) continue;
      await makeMonth(
        `submissions_${year}${month}`,
        `${year}-${month}-01`,
        `${year}-${Number(month) + 1}-01`,
      );
    }
    const keeper = retention(1, { on: december });
    await keeper.run();
    await keeper.run();
    expect(await months()).toContain(`submissions_${year}11`);
    expect(await months()).not.toContain(`submissions_${year}10`);
  } finally {
    await december.close();
    await sql(`SELECT ${FUNCTION_SET}.ensure_submission_partitions(3)`);
  }
});

test('nothing goes while the two clocks do not agree', async () => {
  const before = await months();
  const keeper = retention(31);
  vi.spyOn(Date, 'now').mockReturnValue(Date.UTC(2024, 0, 20));
  await keeper.run();
  await keeper.run();
  expect(await months()).toEqual(before);
});

test('submissions go on while a month waits for those who read it, and then it goes', async () => {
  await submit();
  const keeper = retention(31, { patienceMs: 4_000 });
  await keeper.run();
  await database.withConnection(async (dump) => {
    await dump.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    await dump.query('SELECT count(*) FROM rostrum.submissions');
    await dump.query(`LOCK TABLE rostrum.${OLD}, rostrum.${OLDER} IN ACCESS SHARE MODE`);
    // The detaching, the finishing of what was interrupted.
    for (const _ of ['detach', 'finish']) {
      let isWaiting = true;
      const retiring = keeper.run().finally(() => {
        isWaiting = false;
      });
      await waitForLock(own.url);
      for (let count = 0; count < 20; count += 1) await submit();
      await new PostgresPurgeStore(database).removeSubmissions([], 0, 1);
      expect(isWaiting).toBe(true);
      await retiring;
    }
    expect(await months()).toEqual(expect.arrayContaining([OLD, OLDER]));
    // The dump reads on what it saw.
    const { rows } = await dump.query(`SELECT submission_id FROM rostrum.${OLD}`);
    expect(rows).toEqual([{ submission_id: 'old' }]);
    await dump.query('COMMIT');
  });
  await keeper.run();
  expect(await months()).toEqual(expect.not.arrayContaining([OLD, OLDER]));
  await submit();
}, 40_000);

test('one server at a time drops months', async () => {
  const before = await months();
  const [one, other] = [retention(31), retention(31)];
  await Promise.all([one.run(), other.run()]);
  await Promise.all([one.run(), other.run(), retention(31).run()]);
  expect(await months()).toEqual(before.filter((name) => name !== OLD && name !== OLDER));
});

test('a month that somebody took out of the log to keep it stays', async () => {
  await sql(`ALTER TABLE rostrum.submissions DETACH PARTITION rostrum.${OLD}`);
  const keeper = retention(31);
  await keeper.run();
  await keeper.run();
  expect(await months()).toContain(OLD);
  expect(await months()).not.toContain(OLDER);
});

test('submissions that are kept for ever are never looked for', async () => {
  const query = vi.spyOn(database, 'query');
  const keeper = retention(0);
  keeper.start();
  await keeper.stop();
  expect(query).not.toHaveBeenCalled();
});
