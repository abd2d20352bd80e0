import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { TestIndex } from '../../../test/support/test-index.ts';
import { IndexUnavailable, type RankingConfirmation } from './ports.js';

let stage: TestIndex;

beforeAll(async () => {
  stage = await TestIndex.start();
});

afterEach(() => {
  stage.fillsMayGoOn = Promise.resolve();
});

afterAll(() => stage?.stop());

test('writes to a whole index, and tells places and the life that confirms them', async () => {
  const ranking = await stage.makeRanking(10, 20);
  const committed = await stage.commit(ranking, 'a', 30);
  const written = await stage.own.writer.write(ranking, [committed]);
  expect(written).toMatchObject({
    kind: 'written',
    places: [{ had: 'older', previousRank: 2, rank: 1, totalPlayers: 2 }],
    confirmation: { kind: 'written', life: stage.tenure.life, rankingNo: ranking.rankingNo },
  });
  expect(await stage.shown(ranking)).toEqual(['a 30', 'b 20']);
});

test('writes nothing into an index that was not found whole, and has it built', async () => {
  const ranking = await stage.makeRanking(10, 20);
  await stage.loseIndex();
  const committed = await stage.commit(ranking, 'a', 30);
  const written = await stage.own.writer.write(ranking, [committed]);
  expect(written).toMatchObject({ kind: 'unserved', confirmation: { life: stage.tenure.life } });
  await stage.own.builder.builtWithin(ranking, 10_000);
  expect(await stage.shown(ranking)).toEqual(['a 30', 'b 20']);
});

test('an index that is being built is given the entry, and its epoch confirms it', async () => {
  const ranking = await stage.makeRanking(10, 20);
  await stage.loseIndex();
  const { promise, resolve } = Promise.withResolvers<void>();
  stage.fillsMayGoOn = promise;
  const first = await stage.commit(ranking, 'a', 30);
  const epochGiven = async () => {
    const { confirmation } = (await stage.own.writer.write(ranking, [first])) as {
      confirmation: RankingConfirmation;
    };
    return confirmation.kind === 'unserved' ? confirmation.epoch : undefined;
  };
  await expect.poll(epochGiven).toBeGreaterThan(0);
  const epoch = await epochGiven();
  const written = await stage.own.writer.write(ranking, [await stage.commit(ranking, 'b', 40)]);
  expect(written).toMatchObject({ kind: 'unserved', confirmation: { epoch } });
  resolve();
  await stage.own.builder.builtWithin(ranking, 10_000);
  expect((await stage.index.state(ranking)).epoch).toBe(epoch);
  expect(await stage.shown(ranking)).toEqual(['b 40', 'a 30']);
});

test('goes on in the epoch to which another process has moved the index', async () => {
  const ranking = await stage.makeRanking(10, 20);
  const other = stage.process();
  other.trust.enter(stage.tenure);
  await other.builder.rebuild(ranking, () => {});
  expect(stage.own.trust.epochOf(ranking.rankingNo)).not.toBe(
    other.trust.epochOf(ranking.rankingNo),
  );
  const written = await stage.own.writer.write(ranking, [await stage.commit(ranking, 'a', 30)]);
  expect(written.kind).toBe('written');
  expect(await stage.shown(ranking)).toEqual(['a 30', 'b 20']);
  expect(stage.own.trust.epochOf(ranking.rankingNo)).toBe(other.trust.epochOf(ranking.rankingNo));
});

test('a process that is in no life writes nothing', async () => {
  const ranking = await stage.makeRanking(10);
  const committed = await stage.commit(ranking, 'a', 30);
  const writing = stage.process().writer.write(ranking, [committed]);
  await expect(writing).rejects.toThrow(IndexUnavailable);
  expect(await stage.shown(ranking)).toEqual(['a 10']);
});
