import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NO_LOG, TestIndex } from '../../../test/support/test-index.ts';
import type { PlayerId } from '../../domain/ids.js';
import type { Ranking } from '../../domain/ranking.js';
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

afterAll(() => stage?.stop());

const setRanked = (ranking: Ranking, playerId: string, ranked: boolean) =>
  stage.entries.setRanked(ranking.rankingNo, playerId as PlayerId, ranked);

describe('a player who leaves a ranking', () => {
  it('is taken out by the sweep, stays out for older writes, and returns to the old place', async () => {
    const ranking = await stage.makeRanking(10, 20, 20, 30);
    expect(await stage.shown(ranking)).toEqual(['d 30', 'b 20', 'c 20', 'a 10']);
    const late = await stage.commit(ranking, 'b', 5);
    expect(await setRanked(ranking, 'b', false)).toBeDefined();
    // Nothing is left to do.
    expect(await setRanked(ranking, 'b', false)).toBeUndefined();
    await sweeper.drain();
    expect(await stage.outbox.count()).toBe(0);
    expect(await stage.shown(ranking)).toEqual(['d 30', 'c 20', 'a 10']);
    await stage.own.writer.write(ranking, [late]);
    expect(await stage.shown(ranking)).toEqual(['d 30', 'c 20', 'a 10']);

    await setRanked(ranking, 'b', true);
    await sweeper.drain();
    expect(await stage.shown(ranking)).toEqual(['d 30', 'b 20', 'c 20', 'a 10']);
  });

  it('goes on taking submissions and stays out', async () => {
    const ranking = await stage.makeRanking(10, 20);
    await setRanked(ranking, 'b', false);
    const committed = await stage.commit(ranking, 'b', 40);
    expect(committed.entry).toMatchObject({ score: 40, ranked: false });
    const written = await stage.own.writer.write(ranking, [committed]);
    expect(written).toMatchObject({ kind: 'written', places: [{ rank: 0, totalPlayers: 1 }] });
    await sweeper.drain();
    expect(await stage.shown(ranking)).toEqual(['a 10']);
    await setRanked(ranking, 'b', true);
    await sweeper.drain();
    expect(await stage.shown(ranking)).toEqual(['b 40', 'a 10']);
  });

  it('is not in an index that is built, also if the build has already been given the entry', async () => {
    const ranking = await stage.makeRanking(10, 20, 30);
    await setRanked(ranking, 'a', false);
    const given = Promise.withResolvers<void>();
    const left = Promise.withResolvers<void>();
    const fill = stage.index.build.bind(stage.index);
    stage.index.build = async (...args) => {
      const active = await fill(...args);
      given.resolve();
      await left.promise;
      return active;
    };
    const rebuilt = stage.own.builder.rebuild(ranking, () => {});
    await given.promise;
    await setRanked(ranking, 'b', false);
    await sweeper.drain();
    left.resolve();
    await rebuilt.finally(() => {
      stage.index.build = fill;
    });
    expect(await stage.shown(ranking)).toEqual(['c 30']);
    expect(await stage.entries.count(ranking.rankingNo)).toBe(1);
  });

  it('may be erased then, and begin anew', async () => {
    const ranking = await stage.makeRanking(10, 20);
    await setRanked(ranking, 'b', false);
    await stage.sql('DELETE FROM rostrum.entries WHERE ranking_no = $1 AND player_id = $2', [
      ranking.rankingNo,
      'b',
    ]);
    // The store has no entry, and says so at the version of the last batch that names it.
    await sweeper.drain();
    expect(await stage.shown(ranking)).toEqual(['a 10']);
    const anew = await stage.commit(ranking, 'b', 15);
    await stage.own.writer.write(ranking, [anew]);
    await sweeper.drain();
    expect(await stage.shown(ranking)).toEqual(['b 15', 'a 10']);
  });
});
