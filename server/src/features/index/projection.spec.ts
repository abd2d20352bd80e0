import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Committed, NO_LOG, TestIndex } from '../../../test/support/test-index.ts';
import type { Ranking } from '../../domain/ranking.js';
import { encodeStandingPayload } from '../../wire/standing-payload-encoding.js';
import { IndexGate } from './index-gate.js';
import type { IndexWriter } from './index-writer.js';
import { IndexUnavailable } from './ports.js';
import { type ProjectedPlace, Projection, type ProjectionRow } from './projection.js';
import { Settler } from './settler.js';

let stage: TestIndex;
let gate: IndexGate;
let settler: Settler;

beforeAll(async () => {
  stage = await TestIndex.start();
});

beforeEach(async () => {
  const { redis: connection, lives, own } = stage;
  const recover = async () => {};
  gate = new IndexGate(connection, lives, own.trust, recover, NO_LOG);
  gate.start();
  await gate.whenOpen();
  settler = new Settler(stage.outbox, own.trust, NO_LOG);
  return () => gate.close();
});

afterAll(() => stage?.stop());

type Place = ProjectedPlace | undefined;

/** Projects a committed batch, and resolves with where its entry came to stand once that was told. */
async function project(
  ranking: Ranking,
  committed: Committed,
  row: Partial<ProjectionRow>,
  writer: Pick<IndexWriter, 'write'> = stage.own.writer,
): Promise<Place> {
  const { trust, builder } = stage.own;
  const index = writer as IndexWriter;
  const projection = new Projection(index, builder, gate, trust, settler, encodeStandingPayload);
  const told = Promise.withResolvers<Place>();
  const { entry, payload } = committed;
  const { previousVersion } = committed;
  const rows = [{ ranking, entry, payload, effect: 'changed', previousVersion, ...row } as const];
  await projection.project(committed.outboxId, rows, (_, place) => told.resolve(place));
  return await told.promise;
}

const isPending = async ({ outboxId }: Committed) =>
  (await stage.outbox.pending(outboxId - 1, outboxId, 1)).length === 1;

describe('a committed batch', () => {
  it('is brought in, told its place and settled', async () => {
    const ranking = await stage.makeRanking(10, 20);
    const committed = await stage.commit(ranking, 'a', 30);
    const place = await project(ranking, committed, {});
    expect(place).toMatchObject({ previousRank: 2, rank: 1, totalPlayers: 2 });
    await settler.flush();
    expect(await isPending(committed)).toBe(false);
  });

  it('has no previous rank when it made the first entry, and the same one when it changed none', async () => {
    const ranking = await stage.makeRanking(10, 20);
    const first = await stage.commit(ranking, 'new', 15);
    const place = await project(ranking, first, { effect: 'first' });
    expect(place).toMatchObject({ previousRank: 0, rank: 2, totalPlayers: 3 });
    const again = await project(ranking, first, { effect: 'none' });
    expect(again).toMatchObject({ previousRank: 2, rank: 2 });
  });

  it('waits for the first index of a new ranking', async () => {
    const ranking = await stage.createRanking();
    const committed = await stage.commit(ranking, 'a', 10);
    const place = await project(ranking, committed, { effect: 'first' });
    expect(place).toMatchObject({ previousRank: 0, rank: 1, totalPlayers: 1 });
    await expect
      .poll(async () => {
        await settler.flush();
        return isPending(committed);
      })
      .toBe(false);
  });
});

describe('no place is told', () => {
  it('while the index is away, and the batch stays in the outbox', async () => {
    const ranking = await stage.makeRanking(10, 20);
    const committed = await stage.commit(ranking, 'a', 30);
    gate.close();
    expect(await project(ranking, committed, {})).toBeUndefined();
    await settler.flush();
    expect(await isPending(committed)).toBe(true);
    stage.redis.admit(stage.tenure.redis);
    expect(await stage.shown(ranking)).toEqual(['b 20', 'a 10']);
  });

  it('when the index fails, and the index is not believed until it was brought up to date', async () => {
    const ranking = await stage.makeRanking(10, 20);
    const committed = await stage.commit(ranking, 'a', 30);
    const { opening } = gate;
    const failing = { write: () => Promise.reject(new IndexUnavailable('away')) };
    expect(await project(ranking, committed, {}, failing)).toBeUndefined();
    expect(gate.isOpen).toBe(false);
    await gate.whenOpen();
    expect(gate.opening).toBe(opening + 1);
    expect(await isPending(committed)).toBe(true);
  });

  it('when the index does not have the entry, and only that ranking stops answering', async () => {
    const ranking = await stage.makeRanking(10, 20);
    const committed = await stage.commit(ranking, 'a', 30);
    const missing = { write: async () => ({ kind: 'missed' }) as const };
    expect(await project(ranking, committed, {}, missing)).toBeUndefined();
    expect([gate.isOpen, stage.own.trust.hasGap(ranking.rankingNo)]).toEqual([true, true]);
    await settler.flush();
    expect(await isPending(committed)).toBe(true);
  });

  it('when the index lacks an earlier batch of the ranking', async () => {
    const ranking = await stage.makeRanking(10, 20);
    stage.own.trust.noteGap(ranking.rankingNo);
    const committed = await stage.commit(ranking, 'a', 30);
    expect(await project(ranking, committed, {})).toBeUndefined();
    await settler.flush();
    // It has this one.
    expect(await isPending(committed)).toBe(false);
  });

  it('when the index did not have the entry that the submission found', async () => {
    const ranking = await stage.makeRanking(10, 20);
    await stage.commit(ranking, 'a', 15);
    const committed = await stage.commit(ranking, 'a', 30);
    expect(await project(ranking, committed, {})).toBeUndefined();
  });

  it('when the index has a newer entry already', async () => {
    const ranking = await stage.makeRanking(10, 20);
    const committed = await stage.commit(ranking, 'new', 15);
    await stage.own.writer.write(ranking, [await stage.commit(ranking, 'new', 30)]);
    const row = { effect: 'first' } as const;
    expect(await project(ranking, committed, row)).toBeUndefined();
    expect(await stage.shown(ranking)).toEqual(['new 30', 'b 20', 'a 10']);
  });

  it('when the index is slow, and the batch is settled once it answers', async () => {
    const ranking = await stage.makeRanking(10, 20);
    const committed = await stage.commit(ranking, 'a', 30);
    const answered = Promise.withResolvers<void>();
    const slow: Pick<IndexWriter, 'write'> = {
      async write(...request) {
        const written = await stage.own.writer.write(...request);
        await answered.promise;
        return written;
      },
    };
    expect(await project(ranking, committed, {}, slow)).toBeUndefined();
    await settler.flush();
    expect(await isPending(committed)).toBe(true);
    answered.resolve();
    await delay(0);
    await settler.flush();
    expect(await isPending(committed)).toBe(false);
  });
});
