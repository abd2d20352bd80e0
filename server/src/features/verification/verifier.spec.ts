import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countsIn } from '../../../test/support/counts-in.ts';
import { testCaller } from '../../../test/support/test-caller.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/support/test-database.ts';
import { createTestRedis, type TestRedis } from '../../../test/support/test-redis.ts';
import type { Caller } from '../../domain/caller.js';
import type { Entry } from '../../domain/entry.js';
import type { LeaderboardId, PlayerId, SubmissionId } from '../../domain/ids.js';
import type { LifeId } from '../../domain/index-rules.js';
import { DEFAULT_SETTINGS } from '../../domain/leaderboard.js';
import type { Ranking } from '../../domain/ranking.js';
import { Database } from '../../stores/postgres/database.js';
import { PostgresEntryStore } from '../../stores/postgres/entry-store.js';
import { PostgresLifeStore } from '../../stores/postgres/life-store.js';
import { PostgresRankingStore } from '../../stores/postgres/ranking-store.js';
import { FUNCTION_SET } from '../../stores/postgres/sql-file.js';
import { PostgresSubmissionLog } from '../../stores/postgres/submission-log.js';
import { RedisConnection } from '../../stores/redis/connection.js';
import { RedisRankingIndex } from '../../stores/redis/ranking-index.js';
import { encodeStandingPayload, PAYLOAD_VERSION } from '../../wire/standing-payload-encoding.js';
import { PagedFiller } from '../index/filling/paged-filler.js';
import { IndexBuilder } from '../index/index-builder.js';
import { IndexTrust } from '../index/index-trust.js';
import { Verifier } from './verifier.js';

const LOG = { debug() {}, info() {}, warn() {}, error() {} };
const NEVER = new AbortController().signal;
const encodePayload = encodeStandingPayload;

let ownDatabase: TestDatabase;
let ownRedis: TestRedis;
let database: Database;
let redis: RedisConnection;
let index: RedisRankingIndex;
let rankings: PostgresRankingStore;
let entries: PostgresEntryStore;
let log: PostgresSubmissionLog;
let builder: IndexBuilder;
let life: LifeId;
const trust = new IndexTrust();

beforeAll(async () => {
  [ownDatabase, ownRedis] = await Promise.all([createTestDatabase(), createTestRedis()]);
  database = new Database({
    url: ownDatabase.url,
    name: 'test',
    maxConnections: 6,
    statementTimeoutMs: 10_000,
    connectTimeoutMs: 5_000,
  });
  redis = new RedisConnection({ url: ownRedis.url, commandTimeoutMs: 2_000 });
  index = new RedisRankingIndex(redis, 1_000, PAYLOAD_VERSION);
  rankings = new PostgresRankingStore(database, database);
  entries = new PostgresEntryStore(database, database);
  log = new PostgresSubmissionLog(database, 31);
  const filler = new PagedFiller(index, entries, encodePayload);
  builder = new IndexBuilder(index, rankings, entries, filler, trust, LOG);
  await new Promise<void>((resolve) => redis.onReady(resolve));
  life = (await new PostgresLifeStore(database).declare(undefined, redis.redis)).id;
  trust.enter({ life, redis: redis.redis });
  redis.admit(redis.redis);
});

afterAll(async () => {
  redis?.close();
  await database?.close();
  await Promise.all([ownDatabase?.drop(), ownRedis?.[Symbol.asyncDispose]()]);
});

/** A verifier whose index is away while `gate` is shut. */
function verifier(gate = { isOpen: true }, patienceMs = 5_000): Verifier {
  return new Verifier({ index, rankings, entries, builder, gate, encodePayload, patienceMs });
}

let submitted = 0;

/** Commits a score, as a server does before it tells the index. */
async function commit(ranking: Ranking, playerId: string, score = 1): Promise<Entry> {
  submitted += 1;
  const submission = {
    ...countsIn(ranking),
    playerId: playerId as PlayerId,
    submissionId: `s${submitted}` as SubmissionId,
    score,
    subscore: 0,
    clientUs: null,
    displayName: '',
    metadata: null,
  };
  const { results } = await log.record([submission], true);
  if (results[0]?.kind !== 'recorded') throw new Error('not recorded');
  return results[0].entry;
}

async function bringIn(ranking: Ranking, entry: Entry): Promise<void> {
  const epoch = trust.epochOf(ranking.rankingNo) ?? 0;
  const applied = await index.apply(ranking, epoch, [{ entry, payload: encodePayload(entry) }]);
  expect(applied.status).toBe('applied');
}

/** A ranking with three players, in the index. */
async function makeRanking(id: string): Promise<Ranking> {
  const [ranking] = (await rankings.createDefault(id as LeaderboardId, DEFAULT_SETTINGS)).rankings;
  for (const player of ['a', 'b', 'c']) await commit(ranking, player);
  await builder.rebuild(ranking, () => {});
  return ranking;
}

describe.concurrent('a verification', () => {
  it('waits while the index is away, and then compares', async () => {
    const ranking = await makeRanking('away-for-a-moment');
    const gate = { isOpen: false };
    const { progress, done } = verifier(gate).verify(ranking, testCaller(), NEVER);
    await delay(300);
    expect(progress).toMatchObject({ checked: 0, waitingForIndex: true });
    gate.isOpen = true;
    await done;
    expect(progress).toMatchObject({ checked: 3, differenceCount: 0, waitingForIndex: false });
  });

  it('gives up when the index stays away', async () => {
    const ranking = await makeRanking('away');
    const { done } = verifier({ isOpen: false }, 300).verify(ranking, testCaller(), NEVER);
    await expect(done).rejects.toMatchObject({
      reason: 'STORE_UNAVAILABLE',
      message: expect.stringMatching(/^Redis cannot be reached.*the comparison was given up/),
      details: { metadata: { store: 'redis' } },
    });
  });

  it('has an index built that was never built, or was lost', async () => {
    const ranking = await makeRanking('lost');
    await index.remove(ranking.rankingNo);
    const { progress, done } = verifier().verify(ranking, testCaller(), NEVER);
    await done;
    expect(progress).toMatchObject({ checked: 3, differenceCount: 0 });
  });

  it('says so when the leaderboard was deleted', async () => {
    const ranking = await makeRanking('deleted');
    await database.withConnection((client) =>
      client.query(`SELECT ${FUNCTION_SET}.delete_leaderboard('deleted')`),
    );
    const { done } = verifier().verify(ranking, testCaller(), NEVER);
    await expect(done).rejects.toMatchObject({ reason: 'LEADERBOARD_NOT_FOUND' });
  });

  it('does not report what a dead server committed and another one brings in', async () => {
    const ranking = await makeRanking('swept');
    const [better, fresh] = [await commit(ranking, 'a', 9), await commit(ranking, 'new', 9)];
    const { progress, done } = verifier().verify(ranking, testCaller(), NEVER);
    // As late as the sweeper may come.
    await delay(3_500);
    for (const entry of [better, fresh]) await bringIn(ranking, entry);
    await done;
    expect(progress).toMatchObject({ checked: 4, differenceCount: 0 });
  });

  it('reports what stays away from the index', async () => {
    const ranking = await makeRanking('unswept');
    await commit(ranking, 'a', 9);
    await commit(ranking, 'new', 9);
    const { progress, done } = verifier().verify(ranking, testCaller(), NEVER);
    await done;
    expect(progress.takeDifferences()).toEqual([
      expect.objectContaining({ kind: 'different', playerId: 'a' }),
      expect.objectContaining({ kind: 'missing', playerId: 'new' }),
    ]);
  });

  it('reports an entry that changes all the time if the index does not follow', async () => {
    const ranking = await makeRanking('left-behind');
    await commit(ranking, 'a', 2);
    let ended = false;
    const changing = (async () => {
      for (let score = 3; !ended; score += 1) {
        await commit(ranking, 'a', score);
        const followed = await commit(ranking, 'b', score);
        await bringIn(ranking, followed);
        await delay(20);
      }
    })();
    const { progress, done } = verifier().verify(ranking, testCaller(), NEVER);
    await done.finally(() => {
      ended = true;
    });
    await changing;
    expect(progress.takeDifferences()).toEqual([
      expect.objectContaining({ kind: 'different', playerId: 'a' }),
    ]);
  });

  it('reports what the index has and the store of record lost', async () => {
    const ranking = await makeRanking('rolled-back');
    const entry = await commit(ranking, 'a', 9);
    await bringIn(ranking, { ...entry, version: entry.version + 4096 });
    await bringIn(ranking, { ...entry, playerId: 'ghost' as PlayerId, reached: entry.reached + 1 });
    const { progress, done } = verifier().verify(ranking, testCaller(), NEVER);
    await done;
    expect(progress.takeDifferences()).toEqual([
      expect.objectContaining({ kind: 'different', playerId: 'a' }),
      expect.objectContaining({ kind: 'extra', playerId: 'ghost' }),
    ]);
  });

  it('finds nothing wrong with players who left, until one still stands in the index', async () => {
    const ranking = await makeRanking('left');
    const { rankingNo } = ranking;
    await entries.setRanked(rankingNo, 'a' as PlayerId, false);
    for (const entry of await entries.find([{ rankingNo, playerId: 'a' as PlayerId }])) {
      await bringIn(ranking, entry);
    }
    const first = verifier().verify(ranking, testCaller(), NEVER);
    await first.done;
    expect(first.progress).toMatchObject({ checked: 2, differenceCount: 0 });

    await entries.setRanked(rankingNo, 'b' as PlayerId, false);
    const second = verifier().verify(ranking, testCaller(), NEVER);
    await second.done;
    expect(second.progress.takeDifferences()).toEqual([
      expect.objectContaining({ kind: 'extra', playerId: 'b' }),
    ]);
  });

  it('reports a place that the order of subscores or of arrival does not explain', async () => {
    const ranking = await makeRanking('misplaced');
    const [entry] = await entries.find([
      { rankingNo: ranking.rankingNo, playerId: 'a' as PlayerId },
    ]);
    if (entry === undefined) throw new Error('no entry');
    await index.remove(ranking.rankingNo);
    const build = await index.beginBuild(ranking, undefined, 1, { life, redis: redis.redis });
    const all = await entries.scan(ranking.rankingNo, '', 10);
    const group = index.group(ranking);
    for (const each of all) {
      const misplaced = { ...each, reached: each.reached + 1 };
      group.add(each.playerId === 'a' ? misplaced : each, encodePayload(each));
    }
    for (const { records } of group.parts(10)) await index.build(ranking, build, records);
    const revision = await index.swap(ranking, build, all.length, 0);
    const mark = await rankings.mark(ranking.rankingNo);
    if (mark === undefined) throw new Error('no mark');
    const built = { life, epoch: 1, whole: true, settledRevision: revision ?? 0 };
    await rankings.changeMark(ranking.rankingNo, mark, built, { ifSettledRevisionIsSame: true });
    const { progress, done } = verifier().verify(ranking, testCaller(), NEVER);
    await done;
    const [difference] = progress.takeDifferences();
    expect(difference).toMatchObject({ kind: 'different', playerId: 'a' });
    expect(difference?.description).toContain('reached');
  });

  it('ends soon after nobody wants it any more', async () => {
    const ranking = await makeRanking('unwanted');
    await commit(ranking, 'new');
    const stop = new AbortController();
    const { done } = verifier().verify(ranking, testCaller(), stop.signal);
    await delay(100);
    const stoppedAt = performance.now();
    stop.abort();
    await expect(done).rejects.toThrow();
    expect(performance.now() - stoppedAt).toBeLessThan(1_000);
  });

  it('leaves most of the store of record to others, and takes turns with other callers', async () => {
    const ranking = await makeRanking('asked-for-often');
    let underWay = 0;
    let most = 0;
    const order: string[] = [];
    const counted = {
      scan: entries.scan.bind(entries),
      find: entries.find.bind(entries),
      count: async (rankingNo: Ranking['rankingNo']) => {
        underWay += 1;
        most = Math.max(most, underWay);
        return entries.count(rankingNo).finally(() => {
          underWay -= 1;
        });
      },
    };
    const gate = { isOpen: true };
    const parts = { index, rankings, builder, gate, encodePayload };
    const shared = new Verifier({ ...parts, entries: counted });
    const verify = (name: string, caller: Caller) =>
      shared.verify(ranking, caller, NEVER).done.then(() => order.push(name));
    const greedy = testCaller('admin/greedy');
    const all = Array.from({ length: 40 }, () => verify('greedy', greedy));
    all.push(verify('modest', testCaller('admin/modest')));
    await Promise.all(all);
    expect(most).toBe(2);
    expect(order.indexOf('modest')).toBeLessThan(20);
  });

  it('is refused to a caller who has too many, and to nobody else', async () => {
    const ranking = await makeRanking('asked-for-too-often');
    const stop = new AbortController();
    const shared = verifier({ isOpen: false }, 60_000);
    const greedy = testCaller('admin/greedy');
    const all = Array.from({ length: 70 }, () => shared.verify(ranking, greedy, stop.signal).done);
    const refusal = expect.objectContaining({ reason: 'OVERLOADED' });
    const settled = Promise.allSettled(all);
    await expect(all.at(-1)).rejects.toEqual(refusal);
    const modest = shared.verify(ranking, testCaller('admin/modest'), stop.signal).done;
    stop.abort();
    await expect(modest).rejects.not.toEqual(refusal);
    const refused = (await settled).filter(
      (each) => each.status === 'rejected' && each.reason.reason === 'OVERLOADED',
    );
    expect(refused.length).toBeGreaterThan(5);
    expect(greedy.verifications).toBe(0);
  });
});
