import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
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
  const [row] = await sql<{ now: Date }>('SELECT rostrum.read_clock() AS now', database);
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
  return (await new PostgresRankingStore(plain, plain).findByLeaderboard(id)) as Ranking;
}

function submission(ranking: Ranking, submissionId: string, score = 1): Submission {
  return {
    ranking,
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
        `SELECT * FROM rostrum.apply_submissions('{1}', ARRAY[$1::bigint], ARRAY[$2::bigint], '{p}',
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
