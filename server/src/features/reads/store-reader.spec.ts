import { expect, test } from 'vitest';
import type { Entry } from '../../domain/entry.js';
import type { PlayerId, RankingNo } from '../../domain/ids.js';
import type { Ranking, RankingRead } from '../../domain/ranking.js';
import { type EntryReads, StoreTooSlow, type StoreView } from './ports.js';
import { StoreReader } from './store-reader.js';

const HUGE = 1_000_000;

/** A pass that the store has been asked for, to be ended by the test. */
interface Pass {
  readonly rankingNo: number;
  readonly reads: readonly RankingRead[];
  readonly end: () => Promise<void>;
  readonly fail: (error: Error) => Promise<void>;
}

/** A store in which passes take as long as the test wants. */
class HeldStore {
  readonly passes: Pass[] = [];
  /** Players by ranking number; 10 where nothing is said. */
  readonly players = new Map<number, number>();

  async countUpTo(rankingNo: RankingNo, limit: number): Promise<number> {
    await turn();
    return Math.min(this.#playersOf(rankingNo), limit);
  }

  read({ rankingNo }: Ranking, reads: readonly RankingRead[]): Promise<StoreView[]> {
    const { promise, resolve, reject } = Promise.withResolvers<StoreView[]>();
    const view: StoreView = {
      totalPlayers: this.#playersOf(rankingNo),
      rows: [{ place: 1, entry: { playerId: 'p1', score: rankingNo } as unknown as Entry }],
    };
    this.passes.push({
      rankingNo,
      reads,
      async end() {
        resolve(reads.map(() => view));
        await settled();
      },
      async fail(error) {
        reject(error);
        await settled();
      },
    });
    return promise;
  }

  #playersOf(rankingNo: number): number {
    return this.players.get(rankingNo) ?? 10;
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
/** Lets everything happen that waits for nothing outside of this process. */
const settled = async () => {
  for (let turns = 0; turns < 10; turns += 1) await turn();
};

function setUp() {
  const store = new HeldStore();
  const reader = new StoreReader(store as unknown as EntryReads, () => new Uint8Array([1]), 0);
  const read = (rankingNo: number, what: RankingRead) =>
    reader.read({ rankingNo } as Ranking, what);
  const passesOver = (rankingNo: number) =>
    store.passes.filter((pass) => pass.rankingNo === rankingNo);
  return { store, read, passesOver };
}

const player = (n: number): RankingRead => ({ kind: 'player', playerId: `p${n}` as PlayerId });
const range = (start: number, count: number): RankingRead => ({ kind: 'range', start, count });

test('reads that arrive together, and those that arrive during a pass, share one each', async () => {
  const { store, read } = setUp();
  store.players.set(1, HUGE);
  const early = [read(1, player(1)), read(1, player(2))];
  await settled();
  expect(store.passes.map(({ reads }) => reads)).toEqual([[player(1), player(2)]]);

  const late = Array.from({ length: 60 }, (_, n) => read(1, player(n)));
  await settled();
  expect(store.passes).toHaveLength(1);
  await store.passes[0]?.end();
  expect(await Promise.all(early)).toHaveLength(2);
  expect(store.passes).toHaveLength(2);
  // Players 1 and 2 are read anew: an answer is never older than its read.
  expect(store.passes[1]?.reads).toHaveLength(60);
  await store.passes[1]?.end();
  const [view] = await Promise.all(late);
  expect(view).toMatchObject({ totalPlayers: HUGE, revision: 0, epoch: 0 });
  expect(view?.rows).toMatchObject([{ rank: 1, playerId: 'p1', payload: Buffer.of(1) }]);
});

test('equal reads that wait are asked for once', async () => {
  const { store, read } = setUp();
  const same = Array.from({ length: 5 }, () => read(1, range(0, 20)));
  const other = read(1, range(0, 21));
  await settled();
  expect(store.passes.map(({ reads }) => reads)).toEqual([[range(0, 20), range(0, 21)]]);
  await store.passes[0]?.end();
  expect(await Promise.all([...same, other])).toHaveLength(6);
});

test('small rankings never wait for passes over large ones, however many of those there are', async () => {
  const { store, read, passesOver } = setUp();
  for (let large = 1; large <= 8; large += 1) {
    store.players.set(large, HUGE);
    read(large, player(1));
  }
  await settled();
  // Some of the large ones are under way, the others in line.
  expect(store.passes).toHaveLength(2);
  for (let small = 11; small <= 13; small += 1) {
    const answer = read(small, player(1));
    await settled();
    await passesOver(small)[0]?.end();
    expect((await answer).totalPlayers).toBe(10);
  }
  expect(store.passes.filter(({ rankingNo }) => rankingNo <= 8)).toHaveLength(2);
});

test('large rankings take turns', async () => {
  const { store, read } = setUp();
  for (let large = 1; large <= 4; large += 1) {
    store.players.set(large, HUGE);
    read(large, player(1));
  }
  await settled();
  const order: number[] = [];
  for (let turns = 0; turns < 8; turns += 1) {
    const pass = store.passes[turns] as Pass;
    order.push(pass.rankingNo);
    read(pass.rankingNo, player(100 + turns));
    await pass.end();
  }
  expect(order).toEqual([1, 2, 3, 4, 1, 2, 3, 4]);
});

test('what is too much for one pass goes into the next, and the largest read goes alone', async () => {
  const { store, read } = setUp();
  const answers = [
    ...Array.from({ length: 4 }, (_, n) => read(1, range(1000 * n, 1000))),
    read(1, range(0, 999)),
  ];
  await settled();
  expect(store.passes[0]?.reads).toHaveLength(4);
  await store.passes[0]?.end();
  expect(store.passes[1]?.reads).toEqual([range(0, 999)]);
  await store.passes[1]?.end();
  await Promise.all(answers);
});

test('what waits is bounded; beyond that callers are told when to retry', async () => {
  const { store, read } = setUp();
  store.players.set(1, HUGE);
  const first = read(1, player(0));
  await settled();
  const answers = Array.from({ length: 512 }, (_, n) => read(1, player(n)));
  const retryAfterMs = await read(1, player(-1)).catch(({ reason, details }) => {
    expect(reason).toBe('OVERLOADED');
    return details.retryAfterMs;
  });
  expect(retryAfterMs).toBeGreaterThanOrEqual(100);
  expect(retryAfterMs).toBeLessThanOrEqual(30_000);
  // Who wants what others wait for already is welcome, and so is who reads another ranking.
  answers.push(read(1, player(7)), read(2, player(1)));
  for (let pass = 0; pass < 4; pass += 1) {
    await store.passes[pass]?.end();
    await settled();
  }
  expect(await Promise.all([first, ...answers])).toHaveLength(515);
});

test('a pass that took too long is told as overload, and the next one is made', async () => {
  const { store, read } = setUp();
  store.players.set(1, HUGE);
  const slow = read(1, player(1)).catch((error: unknown) => error);
  await settled();
  const next = read(1, player(2));
  await store.passes[0]?.fail(new StoreTooSlow('a pass took too long'));
  expect(await slow).toMatchObject({
    reason: 'OVERLOADED',
    details: { retryAfterMs: expect.any(Number) },
  });
  await store.passes[1]?.end();
  expect((await next).totalPlayers).toBe(HUGE);
});

test('when the store is away, all who shared the pass hear of it, and the next one is made', async () => {
  const { store, read } = setUp();
  const failed = [1, 2].map((n) => read(1, player(n)).catch((error: unknown) => error));
  await settled();
  const away = new Error('the store is away');
  await store.passes[0]?.fail(away);
  expect(await Promise.all(failed)).toEqual([away, away]);
  const again = read(1, player(1));
  await settled();
  await store.passes[1]?.end();
  expect((await again).totalPlayers).toBe(10);
});
