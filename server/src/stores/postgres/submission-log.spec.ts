import type { PoolClient } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { seeded } from '../../../test/model/random-traffic.ts';
import { countsIn } from '../../../test/support/counts-in.ts';
import { openSeason } from '../../../test/support/open-season.ts';
import { makeTestClock, urlAt } from '../../../test/support/test-clock.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/support/test-database.ts';
import { waitForLock } from '../../../test/support/wait-for-lock.ts';
import type {
  LeaderboardId,
  PlayerId,
  RankingNo,
  SeasonNo,
  SubmissionId,
} from '../../domain/ids.js';
import {
  Aggregation,
  DEFAULT_SETTINGS,
  type LeaderboardSettings,
  SortOrder,
} from '../../domain/leaderboard.js';
import type { Ranking } from '../../domain/ranking.js';
import {
  BatchConflict,
  type Recorded,
  type RecordedBatch,
  type RecordedEntry,
  type Submission,
} from '../../features/scores/ports.js';
import { Database } from './database.js';
import { PostgresLeaderboardStore } from './leaderboard-store.js';
import { PostgresRankingStore } from './ranking-store.js';
import { FUNCTION_SET } from './sql-file.js';
import { PostgresSubmissionLog } from './submission-log.js';

const IDEMPOTENCY_DAYS = 31;
const LIMIT = Number.MAX_SAFE_INTEGER;

let own: TestDatabase;
let database: Database;
let log: PostgresSubmissionLog;

beforeAll(async () => {
  own = await createTestDatabase();
  await makeTestClock(own.url);
  database = openAt('ahead=0');
});

beforeEach(() => {
  // It remembers conflicts.
  log = new PostgresSubmissionLog(database, IDEMPOTENCY_DAYS);
});

afterAll(async () => {
  await database?.close();
  await own?.drop();
});

function open(url = own.url, maxConnections = 6): Database {
  return new Database({
    url,
    name: 'test',
    maxConnections,
    statementTimeoutMs: 10_000,
    connectTimeoutMs: 5_000,
  });
}

/** @param setting `now=<time>`, where the clock stands still, or `ahead=<interval>` */
function openAt(setting: string, maxConnections = 6): Database {
  return open(urlAt(own.url, setting), maxConnections);
}

let made = 0;

async function makeRanking(
  settings: Partial<LeaderboardSettings> = {},
  on = database,
): Promise<Ranking> {
  made += 1;
  const id = `board-${made}` as LeaderboardId;
  const store = new PostgresLeaderboardStore(on, on);
  const config = {
    displayName: '',
    settings: { ...DEFAULT_SETTINGS, ...settings },
    metadata: null,
  };
  expect(await store.create(id, config)).toBe(true);
  const ranking = (await new PostgresRankingStore(on, on).findBoard(id))?.rankings[0];
  if (ranking === undefined) throw new Error(`no ranking of ${id}`);
  return ranking;
}

async function addRanking(ranking: Ranking): Promise<Ranking> {
  const { rankingNo, seasonNo } = await openSeason(own.url, ranking.leaderboardId);
  return { ...ranking, rankingNo: rankingNo as RankingNo, seasonNo: seasonNo as SeasonNo };
}

/** What a submission says of its board if it counts in all rankings, or only in the first. */
function inBoard(all: Pick<Submission, 'board' | 'rankings'>, onlyFirst: boolean) {
  return onlyFirst ? { ...all, rankings: [all.rankings[0]] as const } : all;
}

let submitted = 0;

function submission(ranking: Ranking, playerId: string, more: Partial<Submission> = {}) {
  submitted += 1;
  return {
    ...countsIn(ranking),
    playerId: playerId as PlayerId,
    submissionId: `s${submitted}` as SubmissionId,
    score: 1,
    subscore: 0,
    clientUs: null,
    displayName: '',
    metadata: null,
    ...more,
  };
}

/** What a result says that does not depend on when it was recorded. */
function timeless(result: Recorded) {
  if (result.kind !== 'recorded') return { kind: result.kind };
  const { outcome, replayed, others } = result;
  // What was recorded before is told as it was then, and of other rankings not at all.
  const told = replayed ? [] : others;
  return { outcome, replayed, ...timelessEntry(result), others: told.map(timelessEntry) };
}

function timelessEntry({ previousScore, entry }: RecordedEntry) {
  const { score, subscore, submissions, displayName, metadata } = entry;
  const isReached = entry.reached === entry.version;
  return { previousScore, score, subscore, submissions, displayName, metadata, isReached };
}

async function submissionsOf(ranking: Ranking, playerId: string): Promise<number> {
  const { rows } = await database.query<{ submissions: number }>(
    {
      name: 'submissions-of',
      text: 'SELECT submissions FROM rostrum.entries WHERE ranking_no = $1 AND player_id = $2',
    },
    [ranking.rankingNo, playerId],
  );
  return rows[0]?.submissions ?? 0;
}

describe('the statement for updates and the loop for the rest do the same', () => {
  const kinds = Object.values(Aggregation);
  const orders = [SortOrder.DESCENDING, SortOrder.ASCENDING];
  const all = kinds.flatMap((aggregation) =>
    orders.flatMap((sortOrder) =>
      orders.map((subscoreSortOrder) => ({ aggregation, sortOrder, subscoreSortOrder })),
    ),
  );
  const each = [
    ...all.map((settings) => ({ ...settings, several: false })),
    ...kinds.map((aggregation) => ({ ...DEFAULT_SETTINGS, aggregation, several: true })),
  ];

  test.each(each)(
    'aggregation $aggregation, orders $sortOrder and $subscoreSortOrder, several rankings: $several',
    async ({ several, ...settings }) => {
      const random = seeded(
        settings.aggregation * 100 + settings.sortOrder * 10 + settings.subscoreSortOrder,
      );
      const below = (n: number) => Math.floor(random() * n);
      const some = <T>(values: readonly T[]): T => values[below(values.length)] as T;
      const kind = `${Object.values(settings).join('')}${several}`;
      // One by one; in batches; in batches that lock first, which the loop takes alone.
      const modes = [];
      for (let mode = 0; mode < 3; mode += 1) {
        const rankings = [await makeRanking(settings), await makeRanking(settings)];
        modes.push(
          await Promise.all(
            rankings.map(async (ranking) =>
              several ? countsIn(ranking, await addRanking(ranking)) : countsIn(ranking),
            ),
          ),
        );
      }
      const ids: string[] = [];
      for (let round = 0; round < 40; round += 1) {
        const taken = new Set<string>();
        const batch: (Omit<Submission, 'board' | 'rankings'> & {
          readonly which: number;
          readonly onlyFirst: boolean;
        })[] = [];
        // Those without a client time get the service's: half an hour from all others.
        const nowUs = Date.now() * 1000 + 1_800_000_000;
        for (let n = 1 + below(14); n > 0; n -= 1) {
          const playerId = `p${below(12)}` as PlayerId;
          const repeated = ids.length > 0 && random() < 0.15;
          const submissionId = (repeated ? some(ids) : `r${round}-${n}`) as SubmissionId;
          if (taken.has(`${playerId} ${submissionId}`)) continue;
          taken.add(`${playerId} ${submissionId}`);
          ids.push(submissionId);
          batch.push({
            which: below(2),
            onlyFirst: several && random() < 0.3,
            playerId,
            submissionId,
            score: some([-1, 0, 1, 2, 3, 4, 0.1, 1e-30, LIMIT, -LIMIT, LIMIT / 2]),
            subscore: some([0, 0, 0, 1, 2]),
            clientUs: random() < 0.3 ? null : nowUs + (below(8) - 5) * 3_600_000_000,
            displayName: random() < 0.1 ? some(['Ann', 'Bob']) : '',
            metadata: random() < 0.2 ? '{"k": 1}' : null,
          });
        }
        // Players of their own, for a name is given to all entries of a player.
        const [single, batched, locking] = modes.map((boards, mode) =>
          batch.map(({ which, onlyFirst, ...each }) => ({
            ...each,
            ...inBoard(boards[which] as Pick<Submission, 'board' | 'rankings'>, onlyFirst),
            playerId: `${kind}-${mode}-${which}-${each.playerId}` as PlayerId,
          })),
        ) as [Submission[], Submission[], Submission[]];
        const expected: Recorded[] = [];
        for (const each of single) expected.push(...(await log.record([each], false)).results);
        const results = (await log.record(batched, false)).results;
        const locked = (await log.record(locking, true)).results;
        expect(results.map(timeless)).toEqual(expected.map(timeless));
        expect(locked.map(timeless)).toEqual(expected.map(timeless));
      }
    },
  );
});

describe('a submission that counts in several rankings', () => {
  async function makePair(settings: Partial<LeaderboardSettings>) {
    const first = await makeRanking(settings);
    const second = await addRanking(first);
    const both = (playerId: string, more: Partial<Submission> = {}) =>
      submission(first, playerId, { ...countsIn(first, second), ...more });
    return { first, second, both };
  }

  async function recordedOf(submission: Submission) {
    const [result] = (await log.record([submission], false)).results;
    if (result?.kind !== 'recorded') throw new Error(`it is ${result?.kind}`);
    return result;
  }

  async function logOf({ boardNo }: Ranking) {
    const text = `SELECT season_no::int, outcome, previous_score FROM rostrum.submissions
                  WHERE board_no = $1 ORDER BY version`;
    return (await database.query({ name: '', text }, [boardNo])).rows;
  }

  test('has the outcome that it has in the first, one row in the log, and changes both entries', async () => {
    const { first, second, both } = await makePair({});
    await recordedOf(submission(first, 'p', { score: 5 }));
    // The statement takes it in the first ranking; in the second it is the first entry.
    const lower = both('p', { score: 3 });
    const result = await recordedOf(lower);
    expect(result).toMatchObject({ outcome: 2, previousScore: 5, changed: true });
    expect(result.entry).toMatchObject({ rankingNo: first.rankingNo, score: 5, submissions: 2 });
    expect(result.others).toMatchObject([
      { ranking: second, previousScore: null, changed: true, entry: { score: 3, submissions: 1 } },
    ]);
    expect(await logOf(first)).toEqual([
      { season_no: first.seasonNo, outcome: 1, previous_score: null },
      { season_no: first.seasonNo, outcome: 2, previous_score: 5 },
    ]);

    const again = await recordedOf(lower);
    expect(again).toMatchObject({ outcome: 2, replayed: true, previousScore: 5, changed: false });
    expect(again.others).toMatchObject([{ changed: false, entry: { submissions: 1 } }]);
    expect(await recordedOf({ ...lower, score: 4 })).toMatchObject({ outcome: 4 });
    expect(await logOf(first)).toHaveLength(2);
  });

  test('is in the outbox with both entries', async () => {
    const { first, second, both } = await makePair({});
    for (const round of [1, 2]) {
      const { outboxId } = await log.record([both('p', { score: round })], false);
      const { rows } = await database.query<{ ranking_nos: string[]; player_ids: string[] }>(
        { name: '', text: 'SELECT * FROM rostrum.outbox WHERE outbox_id = $1' },
        [outboxId],
      );
      expect(rows[0]?.ranking_nos.map(Number)).toEqual([first.rankingNo, second.rankingNo]);
      expect(rows[0]?.player_ids).toEqual(['p', 'p']);
    }
  });

  test('is refused in both when one sum would leave its range, and others are not', async () => {
    const { first, second, both } = await makePair({ aggregation: Aggregation.SUM });
    await recordedOf(both('p', { score: 1 }));
    await recordedOf(submission(first, 'p', { score: -LIMIT }));
    // -LIMIT + 1 in the first, 1 in the second.
    const batch = [both('p', { score: LIMIT }), both('q', { score: 2 }), both('p', { score: 3 })];
    const { results } = await log.record(batch, false);
    expect(results.map(({ kind }) => kind)).toEqual(['totalOutOfRange', 'recorded', 'recorded']);
    expect(await submissionsOf(first, 'p')).toBe(3);
    expect(await submissionsOf(second, 'p')).toBe(2);
    expect(await submissionsOf(second, 'q')).toBe(1);
    expect((await log.record([batch[0] as Submission], false)).results).toEqual([
      { kind: 'totalOutOfRange' },
    ]);
  });

  test('is refused in both when one ranking is gone', async () => {
    const { first, second, both } = await makePair({});
    await recordedOf(both('p'));
    const text = 'DELETE FROM rostrum.rankings WHERE ranking_no = $1';
    await database.query({ name: '', text }, [second.rankingNo]);
    const { results } = await log.record([both('p'), submission(first, 'q')], false);
    expect(results.map(({ kind }) => kind)).toEqual(['rankingGone', 'recorded']);
    expect(await submissionsOf(first, 'p')).toBe(1);
  });

  test('counts once when another server records it at the same moment', async () => {
    const { first, second, both } = await makePair({ aggregation: Aggregation.SUM });
    await recordedOf(both('p'));
    const same = both('p');
    // The statement takes it in the second ranking only: in the first the player has another one.
    const batch = [same, submission(first, 'p')];
    await database.withConnection(async (other) => {
      await other.query('BEGIN');
      await other.query(
        `SELECT * FROM ${FUNCTION_SET}.apply_submissions('{1,2}', ARRAY[$1::bigint, $2],
           ARRAY[$3::bigint, $3], '{p,p}', ARRAY[$4, $4], '{1,1}', '{0,0}', '{NULL,NULL}', '{"",""}',
           '{NULL,NULL}', '{true,true}', interval '1 day', false, '{1,1}')`,
        [first.rankingNo, second.rankingNo, first.boardNo, same.submissionId],
      );
      const recording = log.record(batch, false);
      recording.catch(() => {});
      await waitForLock(own.url);
      await other.query('COMMIT');
      await expect(recording).rejects.toThrow(BatchConflict);
    });
    const { results } = await log.record(batch, true);
    expect(results).toMatchObject([{ replayed: true }, { replayed: false }]);
    expect(await submissionsOf(first, 'p')).toBe(3);
    expect(await submissionsOf(second, 'p')).toBe(2);
  });
});

test('the name that is given last counts, even before the one before it has reached the entry', async () => {
  const boards = [await makeRanking(), await makeRanking()] as const;
  const give = (board: 0 | 1, ...names: string[]) =>
    log.record(
      names.map((displayName) => submission(boards[board], 'named', { displayName })),
      false,
    );
  await give(1, 'A');
  for (const names of [['A'], ['A', 'A']]) {
    await give(0, 'B');
    // The entry of this board still has the name A; the statement takes one, the loop two.
    await give(1, ...names);
    const { rows } = await database.query<{ display_name: string }>(
      {
        name: 'name-of',
        text: `SELECT display_name FROM rostrum.players WHERE player_id = 'named'`,
      },
      [],
    );
    expect(rows).toEqual([{ display_name: 'A' }]);
  }
});

test('a batch has one block of versions, in the order of arrival, whoever records a submission', async () => {
  const ranking = await makeRanking({ aggregation: Aggregation.SUM });
  await log.record([submission(ranking, 'b'), submission(ranking, 'd')], false);
  // New, updated, two of one player, updated, renamed.
  const batch = ['a', 'b', 'c', 'c', 'd'].map((player) => submission(ranking, player));
  batch.push(submission(ranking, 'e', { displayName: 'E' }));
  const { outboxId, results } = await log.record(batch, false);
  const versions = results.map((result) => (result.kind === 'recorded' ? result.entry.version : 0));
  expect(versions).toEqual([1, 2, 3, 4, 5, 6].map((n) => (outboxId as number) + n));
  expect(results.map((result) => result.kind === 'recorded' && result.changed)).toEqual(
    Array(6).fill(true),
  );
  const recorded = await database.query(
    {
      name: 'logged',
      text: 'SELECT version FROM rostrum.submissions WHERE board_no = $1 AND version > $2 ORDER BY 1',
    },
    [ranking.boardNo, outboxId],
  );
  expect(recorded.rows.map((row) => Number(row.version))).toEqual(versions);
});

test('the outbox names every entry that a batch changed, and a batch that changed none is not in it', async () => {
  const ranking = await makeRanking();
  const first = submission(ranking, 'a', { score: 5 });
  await log.record([first], false);
  expect((await log.record([first], false)).outboxId).toBeUndefined();
  const late = submission(ranking, 'a', { score: 6 });
  const batch = [late, submission(ranking, 'b'), submission(ranking, 'b')];
  const { outboxId } = await log.record([...batch, first], false);
  expect(new Set(await inOutbox(outboxId))).toEqual(new Set(['a', 'b']));

  // One that the statement records, beside one that changes nothing.
  const other = submission(ranking, 'c');
  await log.record([other], false);
  const mixed = await log.record([submission(ranking, 'a', { score: 7 }), other], false);
  expect(await inOutbox(mixed.outboxId)).toContain('a');
});

async function inOutbox(outboxId: number | undefined): Promise<string[] | undefined> {
  const { rows } = await database.query<{ player_ids: string[] }>(
    { name: 'of-batch', text: 'SELECT player_ids FROM rostrum.outbox WHERE outbox_id = $1' },
    [outboxId],
  );
  return rows[0]?.player_ids;
}

describe('while another transaction changes an entry', () => {
  /** Records a submission in a transaction that stays open while `work` runs, and then is committed. */
  async function whileRecording(
    ranking: Ranking,
    playerId: string,
    work: (other: PoolClient, commit: () => Promise<unknown>) => Promise<void>,
  ): Promise<void> {
    await database.withConnection(async (other) => {
      await other.query('BEGIN');
      await other.query(
        `SELECT * FROM ${FUNCTION_SET}.apply_submissions('{1}', ARRAY[$1::bigint], ARRAY[$2::bigint],
           ARRAY[$3], ARRAY[$4], '{10}', '{0}', '{NULL}', '{""}', '{NULL}', '{true}',
           interval '1 day', false)`,
        [ranking.rankingNo, ranking.boardNo, playerId, `other-${ranking.rankingNo}-${submitted}`],
      );
      await work(other, () => other.query('COMMIT'));
    });
  }

  test('an update waits for it, and counts on what it wrote', async () => {
    const ranking = await makeRanking({ aggregation: Aggregation.SUM });
    await log.record([submission(ranking, 'a'), submission(ranking, 'b')], false);
    await whileRecording(ranking, 'a', async (_, commit) => {
      const recording = log.record([submission(ranking, 'a'), submission(ranking, 'b')], false);
      await waitForLock(own.url);
      await commit();
      const { results } = await recording;
      expect(results.map((result) => result.kind === 'recorded' && result.entry.score)).toEqual([
        12, 2,
      ]);
      expect(results.map((result) => result.kind === 'recorded' && result.previousScore)).toEqual([
        11, 1,
      ]);
    });
  });

  test('an entry with a later version is a conflict, and nothing is recorded', async () => {
    const ranking = await makeRanking({ aggregation: Aggregation.SUM });
    await log.record([submission(ranking, 'a'), submission(ranking, 'b')], false);
    await whileRecording(ranking, 'a', async (other, commit) => {
      const batch = [submission(ranking, 'a'), submission(ranking, 'b')];
      const recording = refusalOf(log.record(batch, false));
      await waitForLock(own.url);
      // As if the other had taken its block after this one.
      await other.query(
        `UPDATE rostrum.entries SET version = nextval('rostrum.version_blocks')
         WHERE ranking_no = $1 AND player_id = 'a'`,
        [ranking.rankingNo],
      );
      await commit();
      expect(await recording).toBeInstanceOf(BatchConflict);
      expect(await submissionsOf(ranking, 'b')).toBe(1);
      const { results } = await log.record(batch, true);
      expect(results.map((result) => result.kind === 'recorded' && result.entry.score)).toEqual([
        12, 2,
      ]);
    });
  });

  test('the loop does not wait for it while the batch holds other entries', async () => {
    const ranking = await makeRanking();
    await log.record([submission(ranking, 'a'), submission(ranking, 'b')], false);
    await whileRecording(ranking, 'a', async (_, commit) => {
      // The statement takes b, the loop the two of a, whose entry is locked.
      const batch = ['b', 'a', 'a'].map((player) => submission(ranking, player, { score: 9 }));
      expect(await refusalOf(log.record(batch, false))).toBeInstanceOf(BatchConflict);
      expect(await submissionsOf(ranking, 'b')).toBe(1);
      await commit();
      expect((await log.record(batch, true)).results).toHaveLength(3);
      expect(await submissionsOf(ranking, 'a')).toBe(4);
    });
  });

  test('a later submission without a client time is not late', async () => {
    const ranking = await makeRanking({ aggregation: Aggregation.LATEST });
    await log.record([submission(ranking, 'a'), submission(ranking, 'b')], false);
    await whileRecording(ranking, 'a', async (other, commit) => {
      const recording = log.record([submission(ranking, 'b'), submission(ranking, 'a')], false);
      await waitForLock(own.url);
      // As if the other had looked at its clock after this one.
      await other.query(
        `UPDATE rostrum.entries
         SET client_us = ${FUNCTION_SET}.to_us(clock_timestamp()), update_us = ${FUNCTION_SET}.to_us(clock_timestamp())
         WHERE ranking_no = $1 AND player_id = 'a'`,
        [ranking.rankingNo],
      );
      await commit();
      const { results } = await recording;
      expect(results.map((result) => result.kind === 'recorded' && result.outcome)).toEqual([1, 1]);
    });
  });

  test('a repetition that it recorded first is a conflict', async () => {
    const ranking = await makeRanking();
    await log.record([submission(ranking, 'a')], false);
    await whileRecording(ranking, 'a', async (_, commit) => {
      const same = submission(ranking, 'a', {
        submissionId: `other-${ranking.rankingNo}-${submitted}` as SubmissionId,
        score: 10,
      });
      const recording = refusalOf(log.record([same], false));
      await waitForLock(own.url);
      await commit();
      expect(await recording).toBeInstanceOf(BatchConflict);
      expect((await log.record([same], true)).results[0]).toMatchObject({ replayed: true });
    });
  });

  test('batches after a conflict wait for it', async () => {
    const ranking = await makeRanking();
    await log.record([submission(ranking, 'a'), submission(ranking, 'b')], false);
    const make = () => ['b', 'a', 'a'].map((player) => submission(ranking, player));
    await whileRecording(ranking, 'a', async (_, commit) => {
      expect(await refusalOf(log.record(make(), false))).toBeInstanceOf(BatchConflict);
      await commit();
    });
    await whileRecording(ranking, 'a', async (_, commit) => {
      const recording = log.record(make(), false);
      await waitForLock(own.url);
      await commit();
      expect((await recording).results).toHaveLength(3);
    });
  });

  test('conflicts leave the only connection of a lane open', async () => {
    const ranking = await makeRanking();
    await log.record([submission(ranking, 'a'), submission(ranking, 'b')], false);
    const lane = openAt('ahead=0', 1);
    const backend = { name: 'backend', text: 'SELECT pg_backend_pid() AS pid' };
    const backends = new Set<number>();
    try {
      for (let conflicts = 0; conflicts < 3; conflicts += 1) {
        await whileRecording(ranking, 'a', async (_, commit) => {
          const batch = ['b', 'a', 'a'].map((player) => submission(ranking, player));
          const recording = new PostgresSubmissionLog(lane, IDEMPOTENCY_DAYS).record(batch, false);
          expect(await refusalOf(recording)).toBeInstanceOf(BatchConflict);
          await commit();
        });
        const { rows } = await lane.query<{ pid: number }>(backend, []);
        backends.add(rows[0]?.pid as number);
      }
      expect(backends.size).toBe(1);
    } finally {
      await lane.close();
    }
  });
});

describe('plans that were made while there were few entries go by the indexes later', () => {
  const players = ['p1', 'p2', 'p3'];
  const once = (ranking: Ranking) => players.map((player) => submission(ranking, player));
  const twice = (ranking: Ranking) => [...once(ranking), ...once(ranking)];
  const mixed = (ranking: Ranking) => [...once(ranking), submission(ranking, 'p3')];
  const renamed = (ranking: Ranking) =>
    players.map((player) => submission(ranking, player, { displayName: `n${submitted}` }));
  const first = (ranking: Ranking) => [submission(ranking, `new${submitted}`)];

  test.each([0, 2, 16])('%d entries', async (count) => {
    await using few = await createTestDatabase();
    const fresh = open(few.url, 1);
    try {
      const records = new PostgresSubmissionLog(fresh, IDEMPOTENCY_DAYS);
      const ranking = await makeRanking({}, fresh);
      const add = (from: number, to: number) =>
        fresh.query(
          {
            name: 'add',
            text: `INSERT INTO rostrum.entries (ranking_no, player_id, score, subscore, reached,
                                                version, submissions, client_us, achieved_us,
                                                update_us)
                   SELECT $1, 'q' || n, n, 0, n, n, 1, 1, 1, 1
                   FROM generate_series($2::int, $3) AS n`,
          },
          [ranking.rankingNo, from, to],
        );
      const recordAll = async (noteRead: (kind: string, rows: number) => void) => {
        for (const [kind, make, locks] of [
          ['once', once, false],
          ['twice', twice, false],
          ['mixed', mixed, false],
          ['renamed', renamed, false],
          ['first', first, false],
          ['once, locked', once, true],
          ['twice, locked', twice, true],
        ] as const) {
          const before = await rowsRead(fresh);
          await records.record(make(ranking), locks);
          noteRead(kind, (await rowsRead(fresh)) - before);
        }
      };
      // Tables that were never vacuumed count as some pages, those that were as what they hold.
      await add(1, count);
      await fresh.withConnection((client) => client.query('VACUUM ANALYZE'));
      await recordAll(() => {});
      await add(count + 1, 3000);
      const read: Record<string, number> = {};
      await recordAll((kind, rows) => {
        read[kind] = rows;
      });
      expect(Object.entries(read).filter(([, rows]) => rows > 100)).toEqual([]);
    } finally {
      await fresh.close();
    }
  });

  /** How many rows of entries were read so far, by index or without. */
  async function rowsRead(of: Database): Promise<number> {
    await of.withConnection((client) => client.query('SELECT pg_stat_force_next_flush()'));
    const { rows } = await of.query<{ read: string }>(
      {
        name: 'rows-read',
        text: `SELECT sum(coalesce(idx_tup_fetch, 0) + coalesce(seq_tup_read, 0)) AS read
               FROM pg_stat_user_tables WHERE relname LIKE 'entries%'`,
      },
      [],
    );
    return Number(rows[0]?.read);
  }
});

test('a repetition that another server records just before the month ends is counted once', async () => {
  const { rows } = await database.query<{ month: Date }>(
    {
      name: 'month',
      text: `SELECT date_trunc('month', now(), 'UTC') + interval '1 month' AS month`,
    },
    [],
  );
  const month = (rows[0] as { month: Date }).month.getTime();
  const at = (ms: number) => openAt(`now=${new Date(month + ms).toISOString()}`, 1);
  const before = at(-20);
  const after = at(20);
  try {
    const ranking = await makeRanking({ aggregation: Aggregation.SUM });
    await log.record([submission(ranking, 'a')], false);
    const repeated = submission(ranking, 'a', { submissionId: 'twice' as SubmissionId, score: 10 });
    const late = new PostgresSubmissionLog(after, IDEMPOTENCY_DAYS);
    await before.withConnection(async (other) => {
      await other.query('BEGIN');
      await other.query(
        `SELECT * FROM ${FUNCTION_SET}.apply_submissions('{1}', ARRAY[$1::bigint], ARRAY[$2::bigint], '{a}',
           '{twice}', '{10}', '{0}', '{NULL}', '{""}', '{NULL}', '{true}', interval '1 day', false)`,
        [ranking.rankingNo, ranking.boardNo],
      );
      const recording = refusalOf(late.record([repeated], false));
      await waitForLock(own.url);
      await other.query('COMMIT');
      expect(await recording).toBeInstanceOf(BatchConflict);
    });
    const [result] = (await late.record([repeated], true)).results;
    expect(result).toMatchObject({ replayed: true, entry: { score: 11, submissions: 2 } });
    const recorded = await database.query(
      {
        name: 'recorded',
        text: `SELECT accept_time FROM rostrum.submissions
               WHERE board_no = $1 AND submission_id = 'twice'`,
      },
      [ranking.boardNo],
    );
    expect(recorded.rows).toEqual([{ accept_time: new Date(month - 20) }]);
  } finally {
    await before.close();
    await after.close();
  }
});

async function refusalOf(recording: Promise<RecordedBatch>): Promise<unknown> {
  return recording.then(
    () => undefined,
    (error: unknown) => error,
  );
}
