import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { countsIn } from '../../../test/support/counts-in.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/support/test-database.ts';
import type { LeaderboardId, PlayerId, RankingNo, SubmissionId } from '../../domain/ids.js';
import { DEFAULT_SETTINGS, SortOrder } from '../../domain/leaderboard.js';
import type { Ranking } from '../../domain/ranking.js';
import { Database } from '../../stores/postgres/database.js';
import { PostgresLeaderboardStore } from '../../stores/postgres/leaderboard-store.js';
import { PostgresPurgeStore } from '../../stores/postgres/purge-store.js';
import { PostgresRankingStore } from '../../stores/postgres/ranking-store.js';
import { FUNCTION_SET } from '../../stores/postgres/sql-file.js';
import { PostgresSubmissionLog } from '../../stores/postgres/submission-log.js';
import { IndexUnavailable } from '../index/ports.js';
import type { PurgeIndex } from './ports.js';
import { Purger } from './purger.js';

const LOG = { debug() {}, info() {}, warn() {}, error() {} };
const CONFIG = { displayName: '', settings: DEFAULT_SETTINGS, metadata: null };

let own: TestDatabase;
let database: Database;
let store: PostgresLeaderboardStore;
let purges: PostgresPurgeStore;

beforeAll(async () => {
  own = await createTestDatabase();
  database = new Database({
    url: own.url,
    name: 'test',
    maxConnections: 6,
    statementTimeoutMs: 10_000,
    connectTimeoutMs: 5_000,
  });
  store = new PostgresLeaderboardStore(database, database);
  purges = new PostgresPurgeStore(database);
});

afterAll(async () => {
  await database?.close();
  await own?.drop();
});

/** Notes what is removed, and refuses as told. */
class RecordingIndex implements PurgeIndex {
  readonly removed: RankingNo[] = [];
  refuse: (rankingNo: RankingNo) => boolean = () => false;

  async remove(rankingNo: RankingNo): Promise<boolean> {
    if (this.refuse(rankingNo)) return false;
    this.removed.push(rankingNo);
    return true;
  }
}

let index: RecordingIndex;

beforeEach(async () => {
  index = new RecordingIndex();
  await sql('TRUNCATE rostrum.purges');
});

function purger(minAgeMs = 0): Purger {
  return new Purger(purges, index, LOG, { periodMs: 1_000, minAgeMs });
}

async function sql<Row extends object>(text: string): Promise<Row[]> {
  return database.withConnection(async (client) => (await client.query(text)).rows as Row[]);
}

async function left(table: 'entries' | 'submissions' | 'purges'): Promise<number> {
  const [row] = await sql<{ count: number }>(`SELECT count(*)::integer FROM rostrum.${table}`);
  return row?.count ?? -1;
}

/** Makes a leaderboard with players, and returns its ranking. */
async function makeBoard(id: string, players: number): Promise<Ranking> {
  const leaderboardId = id as LeaderboardId;
  await store.create(leaderboardId, CONFIG);
  const board = await new PostgresRankingStore(database, database).findBoard(leaderboardId);
  if (board === undefined) throw new Error('no leaderboard');
  const [ranking] = board.rankings;
  const log = new PostgresSubmissionLog(database, 31);
  for (let at = 0; at < players; at += 500) {
    const batch = Array.from({ length: Math.min(500, players - at) }, (_, step) => ({
      ...countsIn(ranking),
      playerId: `p${at + step}` as PlayerId,
      submissionId: `${id}-${at + step}` as SubmissionId,
      score: step,
      subscore: 0,
      clientUs: null,
      displayName: '',
      metadata: null,
    }));
    await log.record(batch, false);
  }
  return ranking;
}

test('what a deleted leaderboard left goes completely, and nothing else', async () => {
  const kept = await makeBoard('kept', 20);
  const gone = await makeBoard('gone', 2_500);
  await store.delete('gone' as LeaderboardId);
  await purger().run();
  expect(index.removed).toEqual([gone.rankingNo]);
  expect([await left('entries'), await left('submissions'), await left('purges')]).toEqual([
    20, 20, 0,
  ]);
  const numbers = await sql<{ ranking_no: string }>(
    'SELECT DISTINCT ranking_no FROM rostrum.entries',
  );
  expect(numbers).toEqual([{ ranking_no: String(kept.rankingNo) }]);
});

test('the submissions of a leaderboard stay when only its ranking was replaced', async () => {
  const ranking = await makeBoard('turned', 0);
  const before = await left('submissions');
  await sql(
    `INSERT INTO rostrum.submissions (board_no, season_no, player_id, submission_id, accept_time,
                                      version, score, subscore, outcome)
     VALUES (${ranking.boardNo}, ${ranking.seasonNo}, 'p', 'kept', now(), 1, 1, 0, 1)`,
  );
  await store.update('turned' as LeaderboardId, { sortOrder: SortOrder.ASCENDING });
  await purger().run();
  expect(index.removed).toEqual([ranking.rankingNo]);
  expect(await left('submissions')).toBe(before + 1);
  expect(await left('purges')).toBe(0);
});

test('what was deleted only just now is left until every server has noticed', async () => {
  await makeBoard('young', 5);
  await store.delete('young' as LeaderboardId);
  await purger(60_000).run();
  expect(index.removed).toEqual([]);
  expect(await left('purges')).toBe(1);
  await purger().run();
  expect(await left('purges')).toBe(0);
});

test('the age of a purge does not follow the clock of the database', async () => {
  await makeBoard('stepped', 5);
  await store.delete('stepped' as LeaderboardId);
  // As if the clock had stepped ahead by a day since.
  await sql(`UPDATE rostrum.purges SET create_time = create_time - interval '1 day'`);
  const patient = purger(60_000);
  await patient.run();
  await patient.run();
  expect(await left('purges')).toBe(1);
  // And back: it is not waited for longer than need be.
  await sql(`UPDATE rostrum.purges SET create_time = create_time + interval '2 days'`);
  const quick = purger(20);
  await expect
    .poll(async () => {
      await quick.run();
      return await left('purges');
    })
    .toBe(0);
});

test('a ranking whose index is being built is tried again, and others do not wait for it', async () => {
  const building = await makeBoard('building', 3);
  const other = await makeBoard('other', 3);
  const entries = await left('entries');
  await store.delete('building' as LeaderboardId);
  await store.delete('other' as LeaderboardId);
  index.refuse = (rankingNo) => rankingNo === building.rankingNo;
  await purger().run();
  expect(index.removed).toEqual([other.rankingNo]);
  expect([await left('entries'), await left('purges')]).toEqual([entries - 3, 1]);
  index.refuse = () => false;
  await purger().run();
  expect([await left('entries'), await left('purges')]).toEqual([entries - 6, 0]);
});

test('while the index is away nothing is purged', async () => {
  await makeBoard('waiting', 3);
  const entries = await left('entries');
  await store.delete('waiting' as LeaderboardId);
  index.remove = () => Promise.reject(new IndexUnavailable('away'));
  await expect(purger().run()).rejects.toThrow('away');
  expect([await left('entries'), await left('purges')]).toEqual([entries, 1]);
});

test('one process purges at a time', async () => {
  await makeBoard('contested', 3);
  await store.delete('contested' as LeaderboardId);
  await purges.exclusively(async () => {
    await purger().run();
    expect(index.removed).toEqual([]);
  });
  await Promise.all([purger().run(), purger().run(), purger().run()]);
  expect(index.removed).toHaveLength(1);
});

test('a purge that is stopped midway is finished by the next', async () => {
  await makeBoard('stopped', 3);
  const entries = await left('entries');
  await store.delete('stopped' as LeaderboardId);
  const first = purger();
  index.refuse = () => {
    void first.stop();
    return false;
  };
  await first.run();
  expect(await left('purges')).toBe(1);
  index.refuse = () => false;
  await purger().run();
  expect([await left('entries'), await left('purges')]).toEqual([entries - 3, 0]);
});

test('waits for a batch that is still changing an entry', async () => {
  const ranking = await makeBoard('held', 3);
  const submissions = await left('submissions');
  await database.withConnection(async (client) => {
    await client.query('BEGIN');
    await client.query(
      `SELECT * FROM ${FUNCTION_SET}.apply_submissions('{1}', '{${ranking.rankingNo}}',
         '{${ranking.boardNo}}', '{p1}', '{late}', '{9}', '{0}', '{NULL}', '{""}', '{NULL}',
         '{true}', interval '1 day', false)`,
    );
    await store.delete('held' as LeaderboardId);
    const purging = purger().run();
    await expect
      .poll(() => sql(`SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'`))
      .not.toEqual([]);
    await client.query('COMMIT');
    await purging;
  });
  // Neither the entry nor the late submission is left behind.
  expect(await left('submissions')).toBe(submissions - 3);
  const rows = await sql(`SELECT 1 FROM rostrum.entries WHERE ranking_no = ${ranking.rankingNo}`);
  expect(rows).toEqual([]);
});
