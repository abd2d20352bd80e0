import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NO_LOG, TestIndex } from '../../../test/support/test-index.ts';
import type { LifeId } from '../../domain/index-rules.js';
import type { Outbox, RankingConfirmation } from './ports.js';
import { Settler } from './settler.js';

let stage: TestIndex;

beforeAll(async () => {
  stage = await TestIndex.start();
});

afterAll(() => stage?.stop());

/** Commits a score and writes it to the index. */
async function written(score: number, life = stage.tenure.life) {
  const ranking = await stage.makeRanking(1, 2);
  const committed = await stage.commit(ranking, 'a', score);
  const result = await stage.own.writer.write(ranking, [committed]);
  if (result.kind !== 'written') throw new Error('not written');
  const confirmation: RankingConfirmation = { ...result.confirmation, life };
  return { ranking, committed, confirmation };
}

const isPending = async (outboxId: number) =>
  (await stage.outbox.pending(outboxId - 1, outboxId, 1)).length === 1;

test('removes what the index confirmed from the outbox, without being told to', async () => {
  const settler = new Settler(stage.outbox, stage.own.trust, NO_LOG);
  const { ranking, committed, confirmation } = await written(10);
  expect(await isPending(committed.outboxId)).toBe(true);
  settler.add(committed.outboxId, [confirmation]);
  await expect.poll(() => isPending(committed.outboxId)).toBe(false);
  const { settledRevision } = (await stage.rankings.mark(ranking.rankingNo)) ?? {};
  expect(settledRevision).toBe(confirmation.kind === 'written' && confirmation.revision);
  expect(stage.own.trust.readableEpochOf(ranking.rankingNo)).toBeDefined();
});

test('a batch that another life confirmed stays, and the index is not believed', async () => {
  const settler = new Settler(stage.outbox, stage.own.trust, NO_LOG);
  const { ranking, committed, confirmation } = await written(10, randomUUID() as LifeId);
  settler.add(committed.outboxId, [confirmation]);
  await settler.flush();
  expect(await isPending(committed.outboxId)).toBe(true);
  expect(stage.own.trust.epochOf(ranking.rankingNo)).toBeUndefined();
  expect(stage.own.trust.hasGap(ranking.rankingNo)).toBe(true);
});

test('what cannot be settled stays in the outbox and disturbs nobody', async () => {
  const { ranking, committed, confirmation } = await written(10);
  const away = { settle: () => Promise.reject(new Error('away')) } as unknown as Outbox;
  const settler = new Settler(away, stage.own.trust, NO_LOG);
  settler.add(committed.outboxId, [confirmation]);
  await settler.flush();
  expect(await isPending(committed.outboxId)).toBe(true);
  expect(stage.own.trust.readableEpochOf(ranking.rankingNo)).toBeDefined();
});
