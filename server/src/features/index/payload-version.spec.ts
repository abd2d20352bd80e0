import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type IndexProcess, NO_LOG, TestIndex } from '../../../test/support/test-index.ts';
import type { Entry } from '../../domain/entry.js';
import type { PlayerId } from '../../domain/ids.js';
import type { Ranking } from '../../domain/ranking.js';
import { RedisRankingIndex } from '../../stores/redis/ranking-index.js';
import { encodeStandingPayload, PAYLOAD_VERSION } from '../../wire/standing-payload-encoding.js';
import { PagedFiller } from './filling/paged-filler.js';
import { IndexBuilder } from './index-builder.js';
import { IndexTrust } from './index-trust.js';
import { IndexWriter } from './index-writer.js';

let stage: TestIndex;

beforeAll(async () => {
  stage = await TestIndex.start();
});

afterAll(() => stage?.stop());

/** A field that older servers do not know. */
const NEW_FIELD = Buffer.from([15 * 8 + 2, 3, 0x6e, 0x65, 0x77]);

function encodeNewer(entry: Entry): Buffer {
  return Buffer.concat([encodeStandingPayload(entry), NEW_FIELD]);
}

/** A server of the next payload version. `built` resolves with each index that it has built. */
function newerProcess(): IndexProcess & {
  readonly index: RedisRankingIndex;
  built(): Promise<void>;
} {
  const index = new RedisRankingIndex(stage.redis, 1_000, PAYLOAD_VERSION + 1);
  const trust = new IndexTrust();
  const { rankings, entries } = stage;
  const paged = new PagedFiller(index, entries, encodeNewer);
  const filler: PagedFiller['fill'] = (...request) =>
    stage.fillsMayGoOn.then(() => paged.fill(...request));
  let built = Promise.withResolvers<void>();
  const log = {
    ...NO_LOG,
    info(_: object, message?: string) {
      if (message !== 'index built') return;
      built.resolve();
      built = Promise.withResolvers<void>();
    },
  };
  const builder = new IndexBuilder(index, rankings, entries, { fill: filler }, trust, log);
  trust.enter(stage.tenure);
  const writer = new IndexWriter(index, trust, builder);
  return { index, trust, builder, writer, built: () => built.promise };
}

/** Who shows the new field, best first. */
async function newFields(ranking: Ranking): Promise<Record<string, boolean>> {
  const { epoch } = await stage.index.state(ranking);
  const all = { kind: 'range', start: 0, count: 100 } as const;
  const answer = await stage.index.read(ranking, epoch as number, [all]);
  if (answer.status !== 'answered') throw new Error(answer.status);
  const rows = answer.value[0]?.rows ?? [];
  return Object.fromEntries(
    rows.map(({ playerId, payload }) => [playerId, payload.subarray(-5).equals(NEW_FIELD)]),
  );
}

const release = Promise.withResolvers<void>();

describe('an index with payloads of an older version', () => {
  it('answers while it is built anew in the background, by a server that begins to trust it', async () => {
    const ranking = await stage.makeRanking(10, 20);
    const newer = newerProcess();
    stage.fillsMayGoOn = release.promise;
    const built = newer.built();
    expect(await newer.builder.check(ranking)).toBe(true);
    const before = newer.trust.readableEpochOf(ranking.rankingNo) as number;
    expect(await newFields(ranking)).toEqual({ b: false, a: false });

    // What it writes meanwhile has the field at once.
    const { entry } = await stage.commit(ranking, 'c', 30);
    await newer.writer.write(ranking, [{ entry, payload: encodeNewer(entry) }]);
    expect(await newFields(ranking)).toEqual({ c: true, b: false, a: false });
    release.resolve();
    await built;
    expect(await newFields(ranking)).toEqual({ c: true, b: true, a: true });
    expect(newer.trust.readableEpochOf(ranking.rankingNo)).toBe(before + 1);
    expect(await newer.index.state(ranking)).toMatchObject({ players: 3, outdated: false });
  });

  it('is found after an older server wrote to a newer one', async () => {
    const ranking = await stage.makeRanking(10, 20);
    const newer = newerProcess();
    await newer.builder.rebuild(ranking, () => {});
    expect(await newFields(ranking)).toEqual({ b: true, a: true });

    const older = await stage.commit(ranking, 'a', 30);
    await stage.own.writer.write(ranking, [older]);
    expect(await newFields(ranking)).toEqual({ a: false, b: true });
    expect((await newer.index.state(ranking)).outdated).toBe(true);
    // The older server sees nothing wrong with it.
    expect((await stage.index.state(ranking)).outdated).toBe(false);

    const built = newer.built();
    const { entry } = await stage.commit(ranking, 'b', 40);
    await newer.writer.write(ranking, [{ entry, payload: encodeNewer(entry) }]);
    await built;
    expect(await newFields(ranking)).toEqual({ b: true, a: true });
  });

  it('is not made one by players who leave', async () => {
    const ranking = await stage.makeRanking(10, 20);
    await stage.own.writer.write(ranking, [{ playerId: 'a' as PlayerId, version: 1e12 }]);
    expect(await stage.index.state(ranking)).toMatchObject({ players: 1, outdated: false });
  });
});
