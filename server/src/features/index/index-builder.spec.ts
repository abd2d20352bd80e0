import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { TestIndex } from '../../../test/support/test-index.ts';
import type { Ranking } from '../../domain/ranking.js';

let stage: TestIndex;

beforeAll(async () => {
  stage = await TestIndex.start();
});

afterEach(() => {
  stage.fillsMayGoOn = Promise.resolve();
  stage.large.clear();
});

afterAll(() => stage?.stop());

const stateOf = (ranking: Ranking) => stage.index.state(ranking);
const markOf = async (ranking: Ranking) => {
  const mark = await stage.rankings.mark(ranking.rankingNo);
  if (mark === undefined) throw new Error('no mark');
  return mark;
};

/** Makes a process check an index that it does not trust, until it does. */
async function untilTrusted(ranking: Ranking): Promise<void> {
  await stage.own.builder.check(ranking);
  await stage.own.builder.builtWithin(ranking, 10_000);
  expect(await stage.own.builder.check(ranking)).toBe(true);
}

describe('the index of a ranking', () => {
  it('serves as it is when it is whole and of this life', async () => {
    const ranking = await stage.makeRanking(10, 20);
    const before = [await markOf(ranking), await stateOf(ranking)];
    stage.own.trust.forget(ranking.rankingNo);
    expect(await stage.own.builder.check(ranking)).toBe(true);
    expect([await markOf(ranking), await stateOf(ranking)]).toEqual(before);
    expect(stage.own.trust.epochOf(ranking.rankingNo)).toBe((await markOf(ranking)).epoch);
  });

  it('is taken over when it is whole and of an older life', async () => {
    const ranking = await stage.makeRanking(10, 20);
    const before = await stateOf(ranking);
    await stage.beginLife();
    expect(await stage.own.builder.check(ranking)).toBe(false);
    await untilTrusted(ranking);
    const { epoch, life, revision } = await stateOf(ranking);
    expect([epoch, life]).toEqual([(before.epoch ?? 0) + 2, stage.tenure.life]);
    // Above all that watchers of the older life can have seen.
    expect(revision).toBeGreaterThan(before.revision + 1_000_000);
    expect(await markOf(ranking)).toMatchObject({ epoch, life, whole: true });
    expect(await stage.shown(ranking)).toEqual(['b 20', 'a 10']);
  });

  it('is built anew when it is lost, and its mark is revoked until then', async () => {
    const ranking = await stage.makeRanking(10, 20);
    const { epoch } = await markOf(ranking);
    await stage.loseIndex();
    stage.own.trust.forget(ranking.rankingNo);
    const { promise, resolve } = Promise.withResolvers<void>();
    stage.fillsMayGoOn = promise;
    expect(await stage.own.builder.check(ranking)).toBe(false);
    await expect.poll(() => markOf(ranking)).toMatchObject({ epoch: epoch + 1, whole: false });
    expect(stage.own.builder.building).toBe(1);
    resolve();
    await untilTrusted(ranking);
    expect(await markOf(ranking)).toMatchObject({ epoch: epoch + 1, whole: true });
    expect(await stage.shown(ranking)).toEqual(['b 20', 'a 10']);
  });

  it('is built anew when it is older than what was settled', async () => {
    const ranking = await stage.makeRanking(10, 20);
    const { epoch, settledRevision } = await markOf(ranking);
    await stage.sql(
      'UPDATE rostrum.index_marks SET settled_revision = settled_revision + 1 WHERE ranking_no = $1',
      [ranking.rankingNo],
    );
    stage.own.trust.forget(ranking.rankingNo);
    await untilTrusted(ranking);
    expect(await markOf(ranking)).toMatchObject({ epoch: epoch + 1, whole: true });
    expect((await stateOf(ranking)).revision).toBeGreaterThan(settledRevision);
  });

  it('is built anew when it was found damaged, whatever its mark says', async () => {
    const ranking = await stage.makeRanking(10, 20);
    const { epoch } = await markOf(ranking);
    stage.own.trust.distrust(ranking.rankingNo, epoch);
    expect(await stage.own.builder.check(ranking, epoch)).toBe(false);
    await untilTrusted(ranking);
    expect((await markOf(ranking)).epoch).toBe(epoch + 1);
  });

  it('is built once when two processes find it lost', async () => {
    const ranking = await stage.makeRanking(10, 20);
    const { epoch } = await markOf(ranking);
    const other = stage.process();
    other.trust.enter(stage.tenure);
    await stage.loseIndex();
    stage.own.trust.forget(ranking.rankingNo);
    await Promise.all([stage.own.builder.check(ranking), other.builder.check(ranking)]);
    await Promise.all([
      stage.own.builder.builtWithin(ranking, 10_000),
      other.builder.builtWithin(ranking, 10_000),
    ]);
    expect((await markOf(ranking)).epoch).toBe(epoch + 1);
    for (const { trust } of [stage.own, other]) {
      expect(trust.epochOf(ranking.rankingNo)).toBe(epoch + 1);
    }
  });

  it('is back when it is small, while a large one is built and another waits', async () => {
    const small = await stage.makeRanking(10, 20);
    const large = [await stage.makeRanking(1), await stage.makeRanking(2)] as const;
    const { builder } = stage.own;
    const { promise, resolve } = Promise.withResolvers<void>();
    for (const { rankingNo } of large) stage.large.set(rankingNo, promise);
    await stage.loseIndex();
    for (const ranking of [...large, small]) stage.own.trust.forget(ranking.rankingNo);
    for (const ranking of large) expect(await builder.check(ranking)).toBe(false);
    // Submissions to both are settled without an index, also to the one that waits.
    const isWhole = async (ranking: Ranking) => (await markOf(ranking)).whole;
    await expect.poll(() => Promise.all(large.map(isWhole))).toEqual([false, false]);
    await untilTrusted(small);
    expect(await stage.shown(small)).toEqual(['b 20', 'a 10']);
    expect(builder.building).toBe(1);
    expect(await Promise.all(large.map(isWhole))).toEqual([false, false]);
    resolve();
    for (const ranking of large) await untilTrusted(ranking);
  });

  it('serves on while it is rebuilt, and the new one has what was written meanwhile', async () => {
    const ranking = await stage.makeRanking(10, 20);
    const { epoch } = await markOf(ranking);
    const { promise, resolve } = Promise.withResolvers<void>();
    stage.fillsMayGoOn = promise;
    const rebuilding = stage.own.builder.rebuild(ranking, () => {});
    await expect.poll(() => stage.own.builder.building).toBe(1);
    const written = await stage.own.writer.write(ranking, [await stage.commit(ranking, 'a', 30)]);
    expect([written.kind, (await stateOf(ranking)).epoch]).toEqual(['written', epoch]);
    resolve();
    await rebuilding;
    expect((await stateOf(ranking)).epoch).toBe(epoch + 1);
    expect(await stage.shown(ranking)).toEqual(['a 30', 'b 20']);
  });

  it('is removed with its ranking, but not while another process builds it', async () => {
    const ranking = await stage.makeRanking(10, 20);
    const { builder, trust } = stage.own;
    await stage.rankings.withBuildLock(ranking.rankingNo, async () => {
      expect(await stage.process().builder.remove(ranking.rankingNo)).toBe(false);
    });
    expect(await stage.shown(ranking)).toBeDefined();
    expect(await builder.remove(ranking.rankingNo)).toBe(true);
    expect(await stage.shown(ranking)).toBeUndefined();
    expect(trust.epochOf(ranking.rankingNo)).toBeUndefined();
  });
});

describe('a new ranking', () => {
  it('has its index before its first submission', async () => {
    const ranking = await stage.createRanking();
    await stage.own.builder.prepare(ranking);
    expect(stage.own.trust.epochOf(ranking.rankingNo)).toBe(1);
    expect(await stage.shown(ranking)).toEqual([]);
    expect(stage.own.builder.isBuildingFirst(ranking)).toBe(false);
  });
});
