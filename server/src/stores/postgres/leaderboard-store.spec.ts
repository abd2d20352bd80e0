import { afterAll, beforeAll, expect, test } from 'vitest';
import { countsIn } from '../../../test/support/counts-in.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/support/test-database.ts';
import { waitForLock } from '../../../test/support/wait-for-lock.ts';
import type { LeaderboardId, PlayerId, SubmissionId } from '../../domain/ids.js';
import { Aggregation, DEFAULT_SETTINGS, SortOrder } from '../../domain/leaderboard.js';
import type { Ranking } from '../../domain/ranking.js';
import { BatchConflict, type Recorded } from '../../features/scores/ports.js';
import { Database } from './database.js';
import { PostgresEntryStore } from './entry-store.js';
import { PostgresLeaderboardStore } from './leaderboard-store.js';
import { PostgresLifeStore } from './life-store.js';
import { PostgresRankingStore } from './ranking-store.js';
import { FUNCTION_SET } from './sql-file.js';
import { PostgresSubmissionLog } from './submission-log.js';

let own: TestDatabase;
let database: Database;
let store: PostgresLeaderboardStore;
let rankings: PostgresRankingStore;
let lives: PostgresLifeStore;
let log: PostgresSubmissionLog;
let entries: PostgresEntryStore;

beforeAll(async () => {
  own = await createTestDatabase();
  database = new Database({
    url: own.url,
    name: 'test',
    maxConnections: 12,
    statementTimeoutMs: 10_000,
    connectTimeoutMs: 5_000,
  });
  store = new PostgresLeaderboardStore(database, database);
  rankings = new PostgresRankingStore(database, database);
  lives = new PostgresLifeStore(database);
  log = new PostgresSubmissionLog(database, 31);
  entries = new PostgresEntryStore(database, database);
});

afterAll(async () => {
  await database?.close();
  await own?.drop();
});

const CONFIG = { displayName: '', settings: DEFAULT_SETTINGS, metadata: null };
let made = 0;

async function makeBoard(): Promise<LeaderboardId> {
  made += 1;
  const id = `board-${made}` as LeaderboardId;
  expect(await store.create(id, CONFIG)).toBe(true);
  return id;
}

async function rankingOf(id: LeaderboardId): Promise<Ranking> {
  const ranking = (await rankings.findBoard(id))?.rankings[0];
  if (ranking === undefined) throw new Error(`no ranking of ${id}`);
  return ranking;
}

let submitted = 0;

/** As a server does it: again after a conflict. */
async function submit(ranking: Ranking, playerId: string): Promise<Recorded> {
  submitted += 1;
  const submission = {
    ...countsIn(ranking),
    playerId: playerId as PlayerId,
    submissionId: `s${submitted}` as SubmissionId,
    score: 1,
    subscore: 0,
    clientUs: null,
    displayName: '',
    metadata: null,
  };
  for (let attempt = 0; ; attempt += 1) {
    try {
      const { results } = await log.record([submission], attempt > 0);
      return results[0] as Recorded;
    } catch (error) {
      if (!(error instanceof BatchConflict)) throw error;
    }
  }
}

test('a leaderboard is found as it was made, once', async () => {
  const id = 'made' as LeaderboardId;
  const config = {
    displayName: 'Made',
    settings: { ...DEFAULT_SETTINGS, aggregation: Aggregation.SUM },
    metadata: '{"a":1}',
  };
  expect(await store.create(id, config)).toBe(true);
  expect(await store.create(id, CONFIG)).toBe(false);
  const found = await store.find(id);
  expect(found).toMatchObject({
    leaderboardId: id,
    displayName: 'Made',
    settings: config.settings,
  });
  expect(JSON.parse(found?.metadata ?? '')).toEqual({ a: 1 });
  expect(found?.createUs).toBeGreaterThan(Date.now() * 1000 - 60e6);
});

test('leaderboards are listed by the bytes of their ids', async () => {
  for (const id of ['list-b', 'list-B', 'list-a', 'list-1', 'list-_']) {
    await store.create(id as LeaderboardId, CONFIG);
  }
  const ids = (await store.list('list-', 5)).map((board) => board.leaderboardId);
  expect(ids).toEqual(['list-1', 'list-B', 'list-_', 'list-a', 'list-b']);
  expect((await store.list('list-B', 2)).map((board) => board.leaderboardId)).toEqual([
    'list-_',
    'list-a',
  ]);
});

test('a patch changes what it names and nothing else', async () => {
  const id = await makeBoard();
  const before = await rankingOf(id);
  await store.update(id, { displayName: 'Name', metadata: '{"k":[1]}' });
  expect(await store.find(id)).toMatchObject({ displayName: 'Name', settings: DEFAULT_SETTINGS });
  await store.update(id, { metadata: null });
  expect(await store.find(id)).toMatchObject({ displayName: 'Name', metadata: null });
  expect(await rankingOf(id)).toEqual(before);
  expect(await store.update('nowhere' as LeaderboardId, { displayName: 'x' })).toBe('missing');
});

test('the update time moves only when something changes', async () => {
  const id = await makeBoard();
  const first = await store.find(id);
  await store.update(id, { displayName: '', sortOrder: SortOrder.DESCENDING });
  expect(await store.find(id)).toEqual(first);
  await store.update(id, { displayName: 'x' });
  expect((await store.find(id))?.updateUs).toBeGreaterThan(first?.updateUs ?? 0);
});

test('the subscore follows the sort order where it is asked to', async () => {
  const id = await makeBoard();
  await store.update(id, { sortOrder: SortOrder.ASCENDING, subscoreSortOrder: 'asSortOrder' });
  expect((await store.find(id))?.settings).toMatchObject({ sortOrder: 2, subscoreSortOrder: 2 });
  await store.update(id, { sortOrder: SortOrder.DESCENDING });
  expect((await store.find(id))?.settings).toMatchObject({ sortOrder: 1, subscoreSortOrder: 2 });
});

test('a changed order gives the leaderboard another ranking, and the old one takes nothing', async () => {
  const id = await makeBoard();
  const before = await rankingOf(id);
  const { id: life } = await lives.declare(undefined, 'a redis');
  const mark = { life, epoch: 3, whole: true, settledRevision: 17 };
  const first = { life: undefined, epoch: 0, whole: false, settledRevision: 0 };
  await rankings.changeMark(before.rankingNo, first, mark, { ifSettledRevisionIsSame: true });
  const updated = await store.update(id, { sortOrder: SortOrder.ASCENDING });
  expect(updated).toBe('updated');
  const after = await rankingOf(id);
  expect(after.rankingNo).not.toBe(before.rankingNo);
  expect(after.boardNo).toBe(before.boardNo);
  expect(after.settings.sortOrder).toBe(SortOrder.ASCENDING);
  expect(await rankings.mark(after.rankingNo)).toMatchObject({
    ...first,
    epoch: 3,
    settledRevision: 17,
  });
  expect(await submit(before, 'p')).toEqual({ kind: 'rankingGone' });
  expect(await entries.count(before.rankingNo)).toBe(0);
});

test('with entries the order stays, and names may still change', async () => {
  const id = await makeBoard();
  const ranking = await rankingOf(id);
  await submit(ranking, 'p');
  const before = await store.find(id);
  const patch = { displayName: 'x', aggregation: Aggregation.SUM };
  expect(await store.update(id, patch)).toBe('notEmpty');
  expect(await store.find(id)).toEqual(before);
  expect(await store.update(id, { displayName: 'x', aggregation: Aggregation.BEST })).toBe(
    'updated',
  );
});

test('deleting frees the id for a new leaderboard with nothing of the old one', async () => {
  const id = await makeBoard();
  const before = await rankingOf(id);
  await submit(before, 'p');
  expect(await store.delete(id)).toBe(true);
  expect(await store.delete(id)).toBe(false);
  expect(await store.find(id)).toBeUndefined();
  expect(await submit(before, 'p')).toEqual({ kind: 'rankingGone' });
  expect(await store.create(id, CONFIG)).toBe(true);
  const after = await rankingOf(id);
  expect(after.boardNo).not.toBe(before.boardNo);
  expect(await entries.count(after.rankingNo)).toBe(0);
});

test('first entries and changes of the order exclude each other', async () => {
  for (let round = 0; round < 15; round += 1) {
    const id = await makeBoard();
    const before = await rankingOf(id);
    const players = Array.from({ length: 6 }, (_, index) => `p${index}`);
    const [updated, ...results] = await Promise.all([
      store.update(id, { sortOrder: SortOrder.ASCENDING }),
      ...players.map((player) => submit(before, player)),
    ]);
    const recorded = results.filter((result) => result.kind === 'recorded').length;
    const kept = await entries.count(before.rankingNo);
    // No acknowledged submission is in a ranking that is no more.
    if (updated === 'updated') expect([recorded, kept]).toEqual([0, 0]);
    else expect([updated, kept]).toEqual(['notEmpty', recorded]);
    expect(recorded === 0).toBe(updated === 'updated');
  }
});

test('an entry that is being inserted holds a change of the order back, and decides it', async () => {
  const id = await makeBoard();
  const ranking = await rankingOf(id);
  await database.withConnection(async (client) => {
    await client.query('BEGIN');
    await client.query(
      `SELECT * FROM ${FUNCTION_SET}.apply_submissions('{1}', '{${ranking.rankingNo}}',
         '{${ranking.boardNo}}', '{p}', '{held}', '{1}', '{0}', '{NULL}', '{""}', '{NULL}',
         '{true}', interval '1 day', false)`,
    );
    const updating = store.update(id, { aggregation: Aggregation.SUM });
    const deleting = makeBoard().then((other) => store.delete(other));
    await waitForLock(own.url);
    // Another leaderboard is not held back.
    await deleting;
    await client.query('COMMIT');
    expect(await updating).toBe('notEmpty');
  });
});

test('a deletion is not kept waiting by a stream of new players', async () => {
  const id = await makeBoard();
  const ranking = await rankingOf(id);
  let deleted = false;
  const streams = Array.from({ length: 4 }, async (_, stream) => {
    let last: Recorded['kind'] = 'recorded';
    for (let n = 0; last === 'recorded'; n += 1) {
      last = (await submit(ranking, `s${stream}-${n}`)).kind;
      if (n === 5 && stream === 0) {
        await store.delete(id);
        deleted = true;
      }
      if (n > 5000) throw new Error('the deletion is starved');
    }
    return last;
  });
  expect(await Promise.all(streams)).toEqual(Array(4).fill('rankingGone'));
  expect(deleted).toBe(true);
});

test('after a deletion nothing is added to what the purge removes', async () => {
  for (let round = 0; round < 15; round += 1) {
    const id = await makeBoard();
    const ranking = await rankingOf(id);
    await submit(ranking, 'old');
    const submitting = Array.from({ length: 6 }, (_, index) => submit(ranking, `p${index}`));
    await store.delete(id);
    const atDeletion = await entries.count(ranking.rankingNo);
    const results = await Promise.all(submitting);
    const recorded = results.filter((result) => result.kind === 'recorded').length;
    expect(atDeletion).toBe(recorded + 1);
    expect(await entries.count(ranking.rankingNo)).toBe(atDeletion);
  }
});
