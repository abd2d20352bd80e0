import type { PoolClient } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seeded } from '../../../test/model/random-traffic.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/support/test-database.ts';
import type { LeaderboardId, PlayerId, SubmissionId } from '../../domain/ids.js';
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
  type Submission,
} from '../../features/scores/ports.js';
import { Database } from './database.js';
import { PostgresLeaderboardStore } from './leaderboard-store.js';
import { PostgresRankingStore } from './ranking-store.js';
import { PostgresSubmissionLog } from './submission-log.js';

const IDEMPOTENCY_DAYS = 31;
const LIMIT = 2 ** 53;

let own: TestDatabase;
let database: Database;
let log: PostgresSubmissionLog;

beforeAll(async () => {
  own = await createTestDatabase();
  database = open();
  log = new PostgresSubmissionLog(database, IDEMPOTENCY_DAYS);
});

afterAll(async () => {
  await database?.close();
  await own?.drop();
});

function open(): Database {
  return new Database({
    url: own.url,
    name: 'test',
    maxConnections: 6,
    statementTimeoutMs: 10_000,
    connectTimeoutMs: 5_000,
  });
}

let made = 0;

async function makeRanking(settings: Partial<LeaderboardSettings> = {}): Promise<Ranking> {
  made += 1;
  const id = `board-${made}` as LeaderboardId;
  const store = new PostgresLeaderboardStore(database, database);
  const config = {
    displayName: '',
    settings: { ...DEFAULT_SETTINGS, ...settings },
    metadata: null,
  };
  expect(await store.create(id, config)).toBe(true);
  const ranking = await new PostgresRankingStore(database, database).findByLeaderboard(id);
  if (ranking === undefined) throw new Error(`no ranking of ${id}`);
  return ranking;
}

let submitted = 0;

function submission(ranking: Ranking, playerId: string, more: Partial<Submission> = {}) {
  submitted += 1;
  return {
    ranking,
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
  const { outcome, replayed, previousScore, entry } = result;
  const { score, subscore, submissions, displayName, metadata } = entry;
  const isReached = entry.reached === entry.version;
  return {
    outcome,
    replayed,
    previousScore,
    score,
    subscore,
    submissions,
    displayName,
    metadata,
    isReached,
  };
}

describe('the statement for updates and the loop for the rest do the same', () => {
  const kinds = [Aggregation.BEST, Aggregation.LATEST, Aggregation.SUM];
  const orders = [SortOrder.DESCENDING, SortOrder.ASCENDING];
  const all = kinds.flatMap((aggregation) =>
    orders.flatMap((sortOrder) =>
      orders.map((subscoreSortOrder) => ({ aggregation, sortOrder, subscoreSortOrder })),
    ),
  );

  test.each(all)(
    'aggregation $aggregation, orders $sortOrder and $subscoreSortOrder',
    async (settings) => {
      const random = seeded(
        settings.aggregation * 100 + settings.sortOrder * 10 + settings.subscoreSortOrder,
      );
      const below = (n: number) => Math.floor(random() * n);
      const some = <T>(values: readonly T[]): T => values[below(values.length)] as T;
      const kind = Object.values(settings).join('');
      // One by one; in batches; in batches that lock first, which the loop takes alone.
      const rankings = [
        await makeRanking(settings),
        await makeRanking(settings),
        await makeRanking(settings),
      ];
      const ids: string[] = [];
      for (let round = 0; round < 40; round += 1) {
        const taken = new Set<string>();
        const batch: Omit<Submission, 'ranking'>[] = [];
        for (let n = 1 + below(14); n > 0; n -= 1) {
          const playerId = `p${below(12)}` as PlayerId;
          const repeated = ids.length > 0 && random() < 0.15;
          const submissionId = (repeated ? some(ids) : `r${round}-${n}`) as SubmissionId;
          if (taken.has(`${playerId} ${submissionId}`)) continue;
          taken.add(`${playerId} ${submissionId}`);
          ids.push(submissionId);
          batch.push({
            playerId,
            submissionId,
            score: some([-1, 0, 1, 2, 3, 4, 0.1, 1e-30, LIMIT, -LIMIT, LIMIT / 2]),
            subscore: some([0, 0, 0, 1, 2]),
            clientUs: random() < 0.3 ? null : 1_600_000_000_000_000 + below(30),
            displayName: random() < 0.1 ? some(['Ann', 'Bob']) : '',
            metadata: random() < 0.2 ? '{"k": 1}' : null,
          });
        }
        // Players of their own, for a name is given to all entries of a player.
        const [single, batched, locking] = rankings.map((ranking, index) =>
          batch.map((each) => ({
            ...each,
            ranking,
            playerId: `${kind}-${index}-${each.playerId}` as PlayerId,
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
        `SELECT * FROM rostrum.apply_submissions('{1}', ARRAY[$1::bigint], ARRAY[$2::bigint],
           ARRAY[$3], ARRAY[$4], '{10}', '{0}', '{NULL}', '{""}', '{NULL}', '{true}',
           interval '1 day', false)`,
        [ranking.rankingNo, ranking.boardNo, playerId, `other-${ranking.rankingNo}`],
      );
      await work(other, () => other.query('COMMIT'));
    });
  }

  test('an update waits for it, and counts on what it wrote', async () => {
    const ranking = await makeRanking({ aggregation: Aggregation.SUM });
    await log.record([submission(ranking, 'a'), submission(ranking, 'b')], false);
    await whileRecording(ranking, 'a', async (_, commit) => {
      const recording = log.record([submission(ranking, 'a'), submission(ranking, 'b')], false);
      await waitForLock();
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
      await waitForLock();
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

  test('a repetition that it recorded first is a conflict', async () => {
    const ranking = await makeRanking();
    await log.record([submission(ranking, 'a')], false);
    await whileRecording(ranking, 'a', async (_, commit) => {
      const same = submission(ranking, 'a', {
        submissionId: `other-${ranking.rankingNo}` as SubmissionId,
        score: 10,
      });
      const recording = refusalOf(log.record([same], false));
      await waitForLock();
      await commit();
      expect(await recording).toBeInstanceOf(BatchConflict);
      expect((await log.record([same], true)).results[0]).toMatchObject({ replayed: true });
    });
  });

  async function waitForLock(): Promise<void> {
    for (;;) {
      const waiting = await database.withConnection((client) =>
        client.query(
          `SELECT 1 FROM pg_stat_activity
           WHERE datname = current_database() AND wait_event_type = 'Lock'`,
        ),
      );
      if (waiting.rowCount !== 0) return;
    }
  }

  async function refusalOf(recording: Promise<RecordedBatch>): Promise<unknown> {
    return recording.then(
      () => undefined,
      (error: unknown) => error,
    );
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
});

test.each(['updated', 'updated, twice in the batch'])(
  'plans made while the tables were empty go by the indexes later: %s',
  async (kind) => {
    await using empty = await createTestDatabase();
    const fresh = new Database({
      url: empty.url,
      name: 'test',
      maxConnections: 1,
      statementTimeoutMs: 10_000,
      connectTimeoutMs: 5_000,
    });
    try {
      const records = new PostgresSubmissionLog(fresh, IDEMPOTENCY_DAYS);
      const store = new PostgresLeaderboardStore(fresh, fresh);
      const id = 'board' as LeaderboardId;
      await store.create(id, { displayName: '', settings: DEFAULT_SETTINGS, metadata: null });
      const ranking = await new PostgresRankingStore(fresh, fresh).findByLeaderboard(id);
      if (ranking === undefined) throw new Error('no ranking');
      const batch = () => {
        const one = () => submission(ranking, 'p7', { score: submitted });
        return kind === 'updated' ? [one()] : [one(), one()];
      };
      // Empty tables that were vacuumed count as empty; those that never were, as some pages.
      await fresh.withConnection((client) => client.query('VACUUM ANALYZE'));
      await records.record([submission(ranking, 'p7')], false);
      await records.record(batch(), false);
      await fresh.withConnection(async (client) => {
        await client.query(
          `INSERT INTO rostrum.entries (ranking_no, player_id, score, subscore, reached, version,
                                        submissions, client_us, achieved_us, update_us)
           SELECT $1, 'q' || n, n, 0, n, n, 1, 1, 1, 1 FROM generate_series(1, 3000) AS n`,
          [ranking.rankingNo],
        );
        await client.query('SELECT pg_stat_force_next_flush()');
      });
      const before = await rowsRead(fresh);
      await records.record(batch(), false);
      await fresh.withConnection((client) => client.query('SELECT pg_stat_force_next_flush()'));
      expect((await rowsRead(fresh)) - before).toBeLessThan(20);
    } finally {
      await fresh.close();
    }
  },
);

/** How many rows of entries were read so far, by index or without. */
async function rowsRead(of: Database): Promise<number> {
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
