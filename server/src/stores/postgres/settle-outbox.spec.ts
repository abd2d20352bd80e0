import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/support/test-database.ts';
import type { LeaderboardId, RankingNo } from '../../domain/ids.js';
import {
  type Confirmation,
  confirms,
  type IndexMark,
  type LifeId,
} from '../../domain/index-rules.js';
import { DEFAULT_SETTINGS } from '../../domain/leaderboard.js';
import { Database } from './database.js';
import { PostgresOutbox } from './outbox.js';
import { PostgresRankingStore } from './ranking-store.js';

const LIVES = [randomUUID(), randomUUID()] as LifeId[];
const EPOCH = 7;
const SETTLED = 50;

/** Every kind of mark, and every confirmation that can meet it. */
const MARKS: readonly IndexMark[] = [undefined, ...LIVES].flatMap((life) =>
  [false, true].map((whole) => ({ life, epoch: EPOCH, whole, settledRevision: SETTLED })),
);
const CONFIRMATIONS: readonly Confirmation[] = LIVES.flatMap((life) => [
  ...[0, SETTLED, SETTLED + 9].map((revision) => ({ kind: 'written' as const, life, revision })),
  ...[0, EPOCH - 1, EPOCH, EPOCH + 1].map((epoch) => ({ kind: 'unserved' as const, life, epoch })),
]);

let own: TestDatabase;
let database: Database;
let outbox: PostgresOutbox;
let rankings: PostgresRankingStore;
let one: RankingNo;
let other: RankingNo;
let made = 0;

beforeAll(async () => {
  own = await createTestDatabase();
  database = new Database({
    url: own.url,
    name: 'test',
    maxConnections: 2,
    statementTimeoutMs: 10_000,
    connectTimeoutMs: 5_000,
  });
  outbox = new PostgresOutbox(database);
  rankings = new PostgresRankingStore(database, database);
  const make = async (id: string) =>
    (await rankings.createDefault(id as LeaderboardId, DEFAULT_SETTINGS)).rankings[0].rankingNo;
  [one, other] = [await make('one'), await make('other')];
});

afterAll(async () => {
  await database?.close();
  await own?.drop();
});

beforeEach(async () => {
  await sql('DELETE FROM rostrum.outbox', []);
});

async function sql(text: string, values: unknown[]): Promise<void> {
  await database.withConnection((client) => client.query(text, values));
}

async function setMark(rankingNo: RankingNo, mark: IndexMark): Promise<void> {
  await sql(
    `UPDATE rostrum.index_marks SET life_id = $2, epoch = $3, whole = $4, settled_revision = $5
     WHERE ranking_no = $1`,
    [rankingNo, mark.life ?? null, mark.epoch, mark.whole, mark.settledRevision],
  );
}

async function addBatch(...of: readonly RankingNo[]): Promise<number> {
  made += 1;
  await sql('INSERT INTO rostrum.outbox VALUES ($1, now(), $2, $3)', [made, of, of.map(() => 'p')]);
  return made;
}

async function left(): Promise<number[]> {
  return (await outbox.pending(0, made, 1_000)).map(({ outboxId }) => outboxId);
}

describe.each(MARKS)('a batch under the mark of life $life, whole $whole,', (mark) => {
  test.each(CONFIRMATIONS)(
    'confirmed as $kind by $life: as `confirms` says',
    async (confirmation) => {
      await setMark(one, mark);
      const outboxId = await addBatch(one);
      const counts = confirms(confirmation, mark);
      const stale = await outbox.settle([
        { outboxId, confirmations: [{ rankingNo: one, ...confirmation }] },
      ]);
      expect(await left()).toEqual(counts ? [] : [outboxId]);
      expect(stale).toEqual(counts ? [] : [one]);
      // The mark rises only with what a whole index of its own life has written.
      const rises = counts && mark.whole && confirmation.kind === 'written';
      expect(await rankings.mark(one)).toEqual({
        ...mark,
        isDoubtful: false,
        settledRevision: rises ? Math.max(SETTLED, confirmation.revision) : SETTLED,
      });
    },
  );
});

test('a batch of two rankings goes only when both are confirmed', async () => {
  const [life, older] = LIVES as [LifeId, LifeId];
  const mark = { life, epoch: EPOCH, whole: true, settledRevision: SETTLED };
  await setMark(one, mark);
  await setMark(other, mark);
  const good = { kind: 'written', life, revision: SETTLED + 1 } as const;
  const bad = { kind: 'written', life: older, revision: SETTLED + 1 } as const;
  const batches = [await addBatch(one, other), await addBatch(one, other), await addBatch(one)];
  const stale = await outbox.settle([
    {
      outboxId: batches[0] as number,
      confirmations: [
        { rankingNo: one, ...good },
        { rankingNo: other, ...bad },
      ],
    },
    {
      outboxId: batches[1] as number,
      confirmations: [
        { rankingNo: one, ...good },
        { rankingNo: other, ...good },
      ],
    },
    { outboxId: batches[2] as number, confirmations: [{ rankingNo: one, ...good }] },
  ]);
  expect(await left()).toEqual([batches[0]]);
  expect(new Set(stale)).toEqual(new Set([one, other]));
});

test('a batch whose rankings are gone needs no confirmation', async () => {
  const outboxId = await addBatch(999_999 as RankingNo);
  expect(await outbox.settle([{ outboxId, confirmations: [] }])).toEqual([]);
  expect(await left()).toEqual([]);
});
