import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Committed, NO_LOG, TestIndex } from '../../../test/support/test-index.ts';
import { encodeStandingPayload } from '../../wire/standing-payload-encoding.js';
import { Sweeper } from './sweeper.js';

let stage: TestIndex;
let sweeper: Sweeper;

beforeAll(async () => {
  stage = await TestIndex.start();
  const { outbox, entries, rankings } = stage;
  const { writer, trust } = stage.own;
  const encodePayload = encodeStandingPayload;
  sweeper = new Sweeper(outbox, entries, rankings, writer, trust, encodePayload, NO_LOG);
});

afterAll(async () => {
  await sweeper?.stop();
  await stage?.stop();
});

const isPending = async ({ outboxId }: Committed) =>
  (await stage.outbox.pending(outboxId - 1, outboxId, 1)).length === 1;

test('brings in what was left in the outbox, closes the gaps and empties it', async () => {
  const ranking = await stage.makeRanking(10, 20);
  const left = await stage.commit(ranking, 'a', 30);
  const again = await stage.commit(ranking, 'a', 40);
  stage.own.trust.noteGap(ranking.rankingNo);
  await sweeper.drain();
  expect(await stage.shown(ranking)).toEqual(['a 40', 'b 20']);
  expect(stage.own.trust.hasGap(ranking.rankingNo)).toBe(false);
  expect([await isPending(left), await isPending(again)]).toEqual([false, false]);
});

test('brings in more than it writes at a time', async () => {
  const ranking = await stage.makeRanking(1);
  const players = Array.from({ length: 600 }, (_, n) => stage.commit(ranking, `p${n}`, n));
  await Promise.all(players);
  await sweeper.drain();
  const shown = await stage.shown(ranking);
  expect([shown?.length, shown?.[0], await stage.outbox.count()]).toEqual([601, 'p599 599', 0]);
});

test('an index that cannot be given all has a gap, and holds up no other', async () => {
  const stuck = await stage.makeRanking(10);
  const other = await stage.makeRanking(10);
  const left = await stage.commit(stuck, 'a', 30);
  const free = await stage.commit(other, 'a', 30);
  // The index is of an epoch that the mark does not know, and another process holds the build lock.
  await stage.rankings.withBuildLock(stuck.rankingNo, async () => {
    await stage.sql('UPDATE rostrum.index_marks SET epoch = epoch + 2 WHERE ranking_no = $1', [
      stuck.rankingNo,
    ]);
    stage.own.trust.forget(stuck.rankingNo);
    await sweeper.drain();
    expect([await isPending(left), await isPending(free)]).toEqual([true, false]);
    expect(stage.own.trust.hasGap(stuck.rankingNo)).toBe(true);
    expect(stage.own.trust.hasGap(other.rankingNo)).toBe(false);
    expect(await stage.shown(other)).toEqual(['a 30']);
  });
  await stage.own.builder.builtWithin(stuck, 10_000);
  await sweeper.drain();
  expect(await isPending(left)).toBe(false);
  expect(stage.own.trust.hasGap(stuck.rankingNo)).toBe(false);
  expect(await stage.shown(stuck)).toEqual(['a 30']);
});

test('sweeps by itself, but only while it may', async () => {
  const ranking = await stage.makeRanking(10);
  let mayRun = false;
  let asked = 0;
  sweeper.start(() => {
    asked += 1;
    return mayRun;
  });
  const left = await stage.commit(ranking, 'a', 30);
  await expect.poll(() => asked).toBeGreaterThan(2);
  expect(await isPending(left)).toBe(true);
  mayRun = true;
  await expect.poll(() => isPending(left), { timeout: 10_000 }).toBe(false);
  expect(await stage.shown(ranking)).toEqual(['a 30']);
});
