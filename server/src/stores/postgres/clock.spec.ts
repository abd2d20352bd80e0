import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { countsIn } from '../../../test/support/counts-in.ts';
import { makeTestClock, urlAt } from '../../../test/support/test-clock.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/support/test-database.ts';
import { waitForLock } from '../../../test/support/wait-for-lock.ts';
import type { LeaderboardId, PlayerId, SubmissionId } from '../../domain/ids.js';
import { Aggregation, DEFAULT_SETTINGS } from '../../domain/leaderboard.js';
import type { Ranking } from '../../domain/ranking.js';
import { BatchConflict, type Recorded, type Submission } from '../../features/scores/ports.js';
import { Database } from './database.js';
import { PostgresLeaderboardStore } from './leaderboard-store.js';
import { PostgresRankingStore } from './ranking-store.js';
import { FUNCTION_SET } from './sql-file.js';
import { PostgresSubmissionLog } from './submission-log.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The turn of a month to come, of which there are partitions on both sides. */
const today = new Date();
const TURN = Date.UTC(today.getUTCFullYear(), today.getUTCMonth() + 1, 1);

let own: TestDatabase;
let plain: Database;
const opened: Database[] = [];

beforeAll(async () => {
  own = await createTestDatabase();
  await makeTestClock(own.url);
  plain = open(own.url);
});

beforeEach(async () => {
  await sql(`SELECT setval(sequencename::regclass, 0)
             FROM (SELECT 'rostrum.' || sequencename AS sequencename FROM pg_sequences
                   WHERE schemaname = 'rostrum' AND sequencename LIKE 'clock%') AS s`);
});

afterAll(async () => {
  await Promise.all([plain, ...opened].map((each) => each?.close()));
  await own?.drop();
});

function open(url: string): Database {
  return new Database({
    url,
    name: 'test',
    maxConnections: 2,
    statementTimeoutMs: 10_000,
    connectTimeoutMs: 5_000,
  });
}

/** A database whose clock stands still at this time, in milliseconds since 1970. */
function at(ms: number): Database {
  const database = open(urlAt(own.url, `now=${new Date(ms).toISOString()}`));
  opened.push(database);
  return database;
}

async function sql<Row extends object>(text: string, on = plain): Promise<Row[]> {
  return on.withConnection(async (client) => (await client.query(text)).rows as Row[]);
}

async function readClock(database: Database): Promise<number> {
  const [row] = await sql<{ now: Date }>(`SELECT ${FUNCTION_SET}.read_clock() AS now`, database);
  return row?.now.getTime() as number;
}

let made = 0;

async function makeRanking(aggregation: Aggregation): Promise<Ranking> {
  made += 1;
  const id = `board-${made}` as LeaderboardId;
  const settings = { ...DEFAULT_SETTINGS, aggregation };
  await new PostgresLeaderboardStore(plain, plain).create(id, {
    displayName: '',
    settings,
    metadata: null,
  });
  const board = await new PostgresRankingStore(plain, plain).findBoard(id);
  return board?.rankings[0] as Ranking;
}

function submission(ranking: Ranking, submissionId: string, score = 1): Submission {
  return {
    ...countsIn(ranking),
    playerId: 'p' as PlayerId,
    submissionId: submissionId as SubmissionId,
    score,
    subscore: 0,
    clientUs: null,
    displayName: '',
    metadata: null,
  };
}

const logAt = (ms: number) => new PostgresSubmissionLog(at(ms), 31);

async function recordAt(ms: number, each: Submission, afterConflict = false) {
  const [result] = (await logAt(ms).record([each], afterConflict)).results;
  return recorded(result);
}

function recorded(result: Recorded | undefined) {
  if (result?.kind !== 'recorded') throw new Error(`it was not recorded: ${result?.kind}`);
  return result;
}

describe('the time that the database goes by', () => {
  test('stands still while the clock is behind, and goes on with it', async () => {
    const noon = TURN + 12 * HOUR;
    expect(await readClock(at(noon))).toBe(noon);
    expect(await readClock(at(noon - HOUR))).toBe(noon);
    expect(await readClock(at(noon - DAY))).toBe(noon);
    expect(await readClock(at(noon + 1))).toBe(noon + 1);
  });

  test('never goes back over the turn of a month, and by less than a second otherwise', async () => {
    const before = TURN - 300;
    await readClock(at(before));
    expect(await readClock(at(TURN + 1))).toBe(TURN + 1);
    expect(await readClock(at(before))).toBe(TURN + 1);
    expect(await readClock(at(TURN + 900))).toBe(TURN + 900);
    expect(await readClock(at(TURN - 900))).toBeGreaterThan(TURN + 900 - SECOND);
  });

  test('is corrected when the clock was wrong by more than a day', async () => {
    await readClock(at(TURN + 40 * DAY));
    expect(await readClock(at(TURN))).toBe(TURN);
    expect(await readClock(at(TURN - HOUR))).toBe(TURN);
  });

  test('has a mark that only rises, whoever reads the clock at the same time', async () => {
    const clocks = Array.from({ length: 6 }, (_, n) => TURN + ((n * 5) % 6) * HOUR);
    await Promise.all(clocks.map((ms) => readClock(at(ms))));
    expect(await readClock(at(TURN))).toBe(TURN + 5 * HOUR);
  });
});

test.each([
  ['an hour', HOUR],
  ['four days', 4 * DAY],
])(
  'a LATEST board without client times takes what comes when the clock steps back %s',
  async (_, step) => {
    const noon = TURN + 5 * DAY;
    const ranking = await makeRanking(Aggregation.LATEST);
    const first = await recordAt(noon, submission(ranking, 'a', 1));
    const second = await recordAt(noon - step, submission(ranking, 'b', 2));
    expect(second).toMatchObject({ outcome: 1, entry: { score: 2 } });
    expect(second.entry.updateUs).toBeGreaterThanOrEqual(first.entry.updateUs);
    // By the loop as by the statement.
    const pair = [submission(ranking, 'c', 3), submission(ranking, 'd', 4)];
    const { results } = await logAt(noon - step - MINUTE).record(pair, false);
    expect(results.map((result) => recorded(result).outcome)).toEqual([1, 1]);
    expect(recorded(results[1]).entry.updateUs).toBeGreaterThanOrEqual(second.entry.updateUs);
  },
);

describe('an id that is in flight on two servers counts once when the clock', () => {
  test.each([
    ['steps back over the turn of a month', 6 * MINUTE, -MINUTE],
    ['steps back by days over the turn of a month', 3 * DAY, -3 * DAY],
    ['steps ahead over the turn of a month', -10 * MINUTE, 50 * MINUTE],
    ['turns to a new month', -20, 20],
    ['steps back within a month', 4 * DAY, 3 * DAY],
  ])('%s', async (_, firstMs, secondMs) => {
    const ranking = await makeRanking(Aggregation.SUM);
    const before = Math.min(firstMs, secondMs) - HOUR;
    await recordAt(TURN + before, submission(ranking, 'a'));
    const repeated = submission(ranking, 'twice', 10);
    const late = logAt(TURN + secondMs);
    let meanwhile: Promise<unknown> | undefined;
    await at(TURN + firstMs).withConnection(async (other) => {
      await other.query('BEGIN');
      await other.query(
        `SELECT * FROM ${FUNCTION_SET}.apply_submissions('{1}', ARRAY[$1::bigint], ARRAY[$2::bigint], '{p}',
           '{twice}', '{10}', '{0}', '{NULL}', '{""}', '{NULL}', '{true}', interval '31 days', false)`,
        [ranking.rankingNo, ranking.boardNo],
      );
      meanwhile = late.record([repeated], false).catch((error: unknown) => error);
      await waitForLock(own.url);
      await other.query('COMMIT');
    });
    const outcome = await meanwhile;
    const { results } =
      outcome instanceof BatchConflict
        ? await late.record([repeated], true)
        : (outcome as Awaited<ReturnType<typeof late.record>>);
    expect(recorded(results[0])).toMatchObject({ replayed: true, entry: { score: 11 } });
  });
});

describe('over the turn of a month', () => {
  /** Begins to record a submission of the player, and leaves the transaction open. */
  async function begin(ms: number, each: Submission) {
    const database = at(ms);
    const { promise: committed, resolve: commit } = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const done = database.withConnection(async (client) => {
      await client.query('BEGIN');
      await client.query(
        `SELECT * FROM ${FUNCTION_SET}.apply_submissions('{1}', ARRAY[$1::bigint], ARRAY[$2::bigint], '{p}',
           ARRAY[$3], ARRAY[$4::float8], '{0}', '{NULL}', '{""}', '{NULL}', '{true}',
           interval '31 days', false)`,
        [each.rankings[0].rankingNo, each.board.boardNo, each.submissionId, each.score],
      );
      begun.resolve();
      await committed;
      await client.query('COMMIT');
    });
    await begun.promise;
    return async () => {
      commit();
      await done;
    };
  }

  /** Sends it as the queue does: once more, with locks, after a conflict. */
  async function send(ms: number, each: Submission) {
    try {
      return await recordAt(ms, each);
    } catch (error) {
      if (!(error instanceof BatchConflict)) throw error;
      return await recordAt(ms, each, true);
    }
  }

  test('an id counts once when a third submission comes between the two', async () => {
    const ranking = await makeRanking(Aggregation.SUM);
    await recordAt(TURN - HOUR, submission(ranking, 'a'));
    const repeated = submission(ranking, 'twice', 10);
    const commit = await begin(TURN - 10 * MINUTE, repeated);
    const between = send(TURN + 50 * MINUTE, submission(ranking, 'b', 100));
    await waitForWaiting(1, 'transactionid');
    const again = send(TURN + 52 * MINUTE, repeated);
    await waitForWaiting(2, 'transactionid', 'tuple');
    await commit();
    await between;
    expect(await again).toMatchObject({ replayed: true });
    const after = await send(TURN + 53 * MINUTE, repeated);
    expect(after).toMatchObject({ replayed: true, entry: { score: 111, submissions: 3 } });
  });

  test('an id counts once when the one who looked at the clock before the turn is the later one', async () => {
    const ranking = await makeRanking(Aggregation.SUM);
    await recordAt(TURN - HOUR, submission(ranking, 'a'));
    // Between the look at the clock and the look at the entry, nothing happens for a while.
    await sql(`
      CREATE SCHEMA slow;
      CREATE FUNCTION slow.nextval(name text) RETURNS bigint LANGUAGE plpgsql AS $$
      BEGIN
        PERFORM pg_catalog.pg_advisory_xact_lock_shared(1);
        RETURN pg_catalog.nextval(name::regclass);
      END $$`);
    const url = new URL(urlAt(own.url, `now=${new Date(TURN - 20).toISOString()}`));
    const options = url.searchParams.get('options') as string;
    url.searchParams.set('options', options.replace('=clock,', '=slow,clock,'));
    const slow = open(url.href);
    opened.push(slow);
    const repeated = submission(ranking, 'twice', 10);
    const slowLog = new PostgresSubmissionLog(slow, 31);
    const { promise: looked, resolve: look } = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    const holding = plain.withConnection(async (client) => {
      await client.query('SELECT pg_advisory_lock(1)');
      held.resolve();
      await looked;
      await client.query('SELECT pg_advisory_unlock(1)');
    });
    await held.promise;
    const recording = slowLog.record([repeated], false).catch((error: unknown) => error);
    await waitForWaiting(1, 'advisory');
    const commit = await begin(TURN + 20, repeated);
    look();
    await holding;
    await waitForWaiting(1, 'transactionid');
    await commit();
    expect(await recording).toBeInstanceOf(BatchConflict);
    const [result] = (await slowLog.record([repeated], true)).results;
    expect(recorded(result)).toMatchObject({ replayed: true, entry: { score: 11 } });
  });

  async function waitForWaiting(count: number, ...locks: string[]): Promise<void> {
    const waiting = async () => {
      const rows = await sql<{ wait_event: string }>(
        `SELECT wait_event FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      return rows.filter(({ wait_event }) => locks.includes(wait_event)).length;
    };
    await expect.poll(waiting, { interval: 10, timeout: 5_000 }).toBe(count);
  }
});

test('what was recorded by a clock that was days ahead is recognised after its correction', async () => {
  const ranking = await makeRanking(Aggregation.SUM);
  await recordAt(TURN, submission(ranking, 'a'));
  const repeated = submission(ranking, 'b', 10);
  await recordAt(TURN + 20 * DAY, repeated);
  const again = await recordAt(TURN - 5 * DAY, repeated);
  expect(again).toMatchObject({ replayed: true, entry: { score: 11 } });
});

test('what was recorded before the clock leapt ahead by months is recognised as long as ever', async () => {
  const ranking = await makeRanking(Aggregation.SUM);
  const first = submission(ranking, 'a');
  await recordAt(TURN, first);
  const leapt = TURN + 70 * DAY;
  expect(await recordAt(leapt, first)).toMatchObject({ replayed: true });
  expect(await recordAt(leapt + HOUR, submission(ranking, 'b'))).toMatchObject({ replayed: false });
  // Another leap so soon does not make the first one forgotten.
  const again = leapt + 30 * DAY;
  expect(await recordAt(again, first)).toMatchObject({ replayed: true });
  // And no longer: as if the clock had gone on day by day.
  await sql(`SELECT setval('rostrum.clock', ${(again + 62 * DAY) * 1000})`);
  expect(await recordAt(again + 63 * DAY, first)).toMatchObject({ replayed: false });
});

test('a leaderboard is never updated before it was made', async () => {
  const id = 'made-ahead' as LeaderboardId;
  const store = new PostgresLeaderboardStore(plain, plain);
  await store.create(id, { displayName: '', settings: DEFAULT_SETTINGS, metadata: null });
  // As if the clock had stepped back an hour since.
  await sql(`UPDATE rostrum.leaderboards SET create_time = create_time + interval '1 hour',
                                             update_time = update_time + interval '1 hour'
             WHERE leaderboard_id = '${id}'`);
  await store.update(id, { displayName: 'New' });
  const found = await store.find(id);
  expect(found?.updateUs).toBeGreaterThanOrEqual(found?.createUs as number);
});

test.each([
  ['years ahead', 800 * DAY],
  ['years back', -800 * DAY],
])(
  'submissions are recorded when the clock steps %s, where no partition was made',
  async (_, step) => {
    const ranking = await makeRanking(Aggregation.SUM);
    const first = submission(ranking, 'a');
    expect(await recordAt(TURN + step, first)).toMatchObject({ outcome: 1, replayed: false });
    expect(await recordAt(TURN + step + 1, first)).toMatchObject({ replayed: true });
  },
);
