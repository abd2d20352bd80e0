import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareEntries } from '../../../../test/support/compare-entries.ts';
import { makeEntry } from '../../../../test/support/make-entry.ts';
import { createTestRedis, type TestRedis } from '../../../../test/support/test-redis.ts';
import type { Entry } from '../../../domain/entry.js';
import type { BoardNo, LeaderboardId, PlayerId, RankingNo, SeasonNo } from '../../../domain/ids.js';
import type { LifeId } from '../../../domain/index-rules.js';
import { DEFAULT_SETTINGS } from '../../../domain/leaderboard.js';
import type { Ranking } from '../../../domain/ranking.js';
import type { IndexBuild, IndexPlace, IndexWrite } from '../../../features/index/ports.js';
import { RedisConnection } from '../connection.js';
import { rankingKeys } from '../keys.js';
import { RedisRankingIndex } from '../ranking-index.js';

const EPOCH = 1;
let own: TestRedis;
let connection: RedisConnection;
let index: RedisRankingIndex;
let rankings = 0;

beforeAll(async () => {
  own = await createTestRedis();
  connection = new RedisConnection({ url: own.url, commandTimeoutMs: 5_000 });
  await new Promise<void>((resolve) => connection.onReady(resolve));
  connection.admit(connection.redis);
  index = new RedisRankingIndex(connection, 1_000, 1);
});

afterAll(async () => {
  connection?.close();
  await own?.[Symbol.asyncDispose]();
});

interface Write {
  readonly player: number;
  readonly version: number;
  readonly score: number;
  readonly left: boolean;
  /** Whether the record is too large for a member of the order. */
  readonly large: boolean;
}

function playerOf({ player }: { player: number }): PlayerId {
  return `p${player}` as PlayerId;
}

function entryOf(write: Write): Entry {
  const { version, score, left } = write;
  return makeEntry({
    playerId: playerOf(write),
    score,
    reached: version,
    version,
    ranked: !left,
  });
}

function payloadOf({ version, large }: Write): Buffer {
  return Buffer.alloc(large ? 300 : 3, version);
}

/** A leaving comes with the entry where there still is one, and without it otherwise. */
function toWrite(write: Write): IndexWrite {
  if (write.left && write.large) return { playerId: playerOf(write), version: write.version };
  return { entry: entryOf(write), payload: payloadOf(write) };
}

/** A new ranking, and the index that is built of it. */
async function begin(): Promise<{ ranking: Ranking; build: IndexBuild }> {
  rankings += 1;
  const ranking: Ranking = {
    rankingNo: rankings as RankingNo,
    boardNo: 1 as BoardNo,
    seasonNo: 1 as SeasonNo,
    leaderboardId: 'board' as LeaderboardId,
    settings: DEFAULT_SETTINGS,
  };
  const tenure = { life: 'a life' as LifeId, redis: connection.redis };
  return { ranking, build: await index.beginBuild(ranking, undefined, EPOCH, tenure) };
}

async function serving(): Promise<Ranking> {
  const { ranking, build } = await begin();
  expect(await index.swap(ranking, build, 0, 0)).toBe(1);
  return ranking;
}

async function apply(ranking: Ranking, writes: readonly Write[]): Promise<readonly IndexPlace[]> {
  const applied = await index.apply(ranking, EPOCH, writes.map(toWrite));
  return applied.status === 'applied' ? applied.places : [];
}

/** What the newest write of each player leads to, best first. */
function expectedOf(writes: readonly Write[]): { player: PlayerId; payload: Buffer }[] {
  const newest = new Map<number, Write>();
  for (const write of writes) {
    if (write.version > (newest.get(write.player)?.version ?? 0)) newest.set(write.player, write);
  }
  return [...newest.values()]
    .filter(({ left }) => !left)
    .sort((a, b) => compareEntries(DEFAULT_SETTINGS, entryOf(a), entryOf(b)))
    .map((write) => ({ player: playerOf(write), payload: payloadOf(write) }));
}

async function expectIndex(ranking: Ranking, writes: readonly Write[]): Promise<void> {
  const expected = expectedOf(writes);
  // Whole: the counts agree.
  expect(await index.state(ranking)).toMatchObject({ epoch: EPOCH, players: expected.length });
  const answer = await index.read(ranking, EPOCH, [{ kind: 'range', start: 0, count: 100 }]);
  if (answer.status !== 'answered') throw new Error(answer.status);
  const rows = answer.value[0]?.rows ?? [];
  expect(rows.map(({ playerId, payload }) => ({ player: playerId, payload }))).toEqual(expected);
  expect(rows.map(({ place }) => place)).toEqual(expected.map((_, at) => at + 1));
}

/** What the changes of the feed make of an empty ranking. */
async function replayed(ranking: Ranking): Promise<PlayerId[]> {
  const answer = await index.readChanges(ranking, EPOCH, 1, 1_000);
  if (answer.status !== 'answered') throw new Error(answer.status);
  const players: PlayerId[] = [];
  let revision = 1;
  for (const change of answer.value.changes) {
    revision += 1;
    expect(change.revision).toBe(revision);
    expect(players.indexOf(change.playerId) + 1).toBe(change.previousPlace);
    if (change.previousPlace > 0) players.splice(change.previousPlace - 1, 1);
    if (change.row !== undefined) players.splice(change.row.place - 1, 0, change.playerId);
    expect(players).toHaveLength(change.totalPlayers);
  }
  expect(answer.value.revision).toBe(revision);
  return players;
}

/** Writes of a few players, each with a version of its own. */
const writes: fc.Arbitrary<Write[]> = fc
  .array(
    fc.record({
      player: fc.nat({ max: 3 }),
      score: fc.integer({ min: -1, max: 1 }),
      left: fc.boolean(),
      large: fc.boolean(),
    }),
    { minLength: 1, maxLength: 8 },
  )
  .map((all) => all.map((write, at) => ({ ...write, version: at + 1 })));

/** The same in some order, some of them twice, in parts that are applied one after the other. */
const deliveries = writes.chain((all) =>
  fc
    .tuple(
      fc.shuffledSubarray(all, { minLength: all.length }),
      fc.array(fc.tuple(fc.nat({ max: 20 }), fc.constantFrom(...all)), { maxLength: 5 }),
      fc.integer({ min: 1, max: 5 }),
    )
    .map(([shuffled, again, size]) => {
      const order = [...shuffled];
      for (const [at, write] of again) order.splice(at, 0, write);
      return Array.from({ length: Math.ceil(order.length / size) }, (_, part) =>
        order.slice(part * size, (part + 1) * size),
      );
    }),
);

const write = (fields: Partial<Write> & Pick<Write, 'version'>): Write => ({
  player: 1,
  score: 5,
  left: false,
  large: false,
  ...fields,
});

describe('entries and leavings that are applied', () => {
  it('lead to the same index in every order and with repetitions, and the feed says so', async () => {
    await fc.assert(
      fc.asyncProperty(deliveries, async (parts) => {
        const ranking = await serving();
        for (const part of parts) await apply(ranking, part);
        await expectIndex(ranking, parts.flat());
        expect(await replayed(ranking)).toEqual(
          expectedOf(parts.flat()).map(({ player }) => player),
        );
      }),
      { numRuns: 150 },
    );
  });

  it('lead to the same while the index is built, whenever it is filled', async () => {
    await fc.assert(
      fc.asyncProperty(deliveries, fc.nat({ max: 8 }), async (parts, filledAfter) => {
        const { ranking, build } = await begin();
        // What a scan of the store found: for each player the state of some moment.
        const scanned = [...new Map(parts.flat().map((each) => [each.player, each])).values()];
        const group = index.group(ranking);
        for (const each of scanned) {
          if (!each.left) group.add(entryOf(each), payloadOf(each));
        }
        const fill = async () => {
          for (const { records } of group.parts(100)) {
            expect(await index.build(ranking, build, records as Buffer)).toBe(true);
          }
        };
        for (const [at, part] of parts.entries()) {
          if (at === filledAfter) await fill();
          await apply(ranking, part);
        }
        if (filledAfter >= parts.length) await fill();
        expect(await index.swap(ranking, build, group.size, 0)).toBe(1);
        await expectIndex(ranking, parts.flat());
      }),
      { numRuns: 100 },
    );
  });

  it('tell where a player stood who leaves and who returns', async () => {
    const ranking = await serving();
    await apply(ranking, [write({ version: 1, score: 9 }), write({ version: 2, player: 2 })]);
    const left = { previousRank: 2, previousVersion: 2, rank: 0, totalPlayers: 1 };
    expect(await apply(ranking, [write({ version: 3, player: 2, left: true })])).toMatchObject([
      { had: 'older', ...left, revision: 4 },
    ]);
    // That somebody leaves who is not there is not told.
    expect(await apply(ranking, [write({ version: 3, player: 7, left: true })])).toMatchObject([
      { had: 'none', previousRank: 0, rank: 0, totalPlayers: 1, revision: 4 },
    ]);
    // An older write, and the same leaving again, change nothing.
    expect(await apply(ranking, [write({ version: 2, player: 2 })])).toMatchObject([
      { had: 'newer', previousRank: 0, rank: 0, totalPlayers: 1, revision: 4 },
    ]);
    expect(await apply(ranking, [write({ version: 3, player: 2, left: true })])).toMatchObject([
      { had: 'same', previousRank: 0, rank: 0, totalPlayers: 1, revision: 4 },
    ]);
    expect(await apply(ranking, [write({ version: 4, player: 2 })])).toMatchObject([
      { had: 'none', previousRank: 0, rank: 2, totalPlayers: 2, revision: 5 },
    ]);
  });

  it('are told in the feed with what was before', async () => {
    const ranking = await serving();
    await apply(ranking, [write({ version: 1 })]);
    await apply(ranking, [write({ version: 2, left: true })]);
    const answer = await index.readChanges(ranking, EPOCH, 2, 10);
    expect(answer).toMatchObject({
      status: 'answered',
      value: { changes: [{ playerId: 'p1', previousPlace: 1, previousScore: 5, row: undefined }] },
    });
  });

  it('go nowhere if the index lost something, or another serves', async () => {
    const ranking = await serving();
    await apply(ranking, [write({ version: 1 })]);
    const other = await index.apply(ranking, EPOCH + 1, [toWrite(write({ version: 2 }))]);
    expect(other).toEqual({ status: 'otherEpoch' });
    const [, , , , order] = rankingKeys(ranking.rankingNo);
    await connection.unlink([order as string]);
    expect(await index.apply(ranking, EPOCH, [toWrite(write({ version: 2 }))])).toEqual({
      status: 'absent',
    });
    expect((await index.state(ranking)).epoch).toBeUndefined();
  });
});
