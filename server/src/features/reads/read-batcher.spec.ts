import { expect, test } from 'vitest';
import type { PlayerId, RankingNo } from '../../domain/ids.js';
import type { Ranking, RankingRead, RankingView } from '../../domain/ranking.js';
import type { RankingIndex } from '../index/ports.js';
import { ReadBatcher } from './read-batcher.js';

const EPOCH = 7;
const RANKING = { rankingNo: 1 as RankingNo } as Ranking;

/** Answers each call in a later turn, with views that tell what they are of, and counts. */
class CountingIndex {
  calls = 0;
  /** Calls under way; how many these were at most, and at most when a call for few reads began. */
  open = 0;
  mostOpen = 0;
  mostOpenForFew = 0;
  rows = 0;
  fail = false;

  async read(_: Ranking, epoch: number, reads: readonly RankingRead[]) {
    this.calls += 1;
    this.open += 1;
    this.mostOpen = Math.max(this.mostOpen, this.open);
    if (reads.length < 100) this.mostOpenForFew = Math.max(this.mostOpenForFew, this.open);
    await turn();
    // Not all at the same time.
    for (let more = this.calls % 3; more > 0; more -= 1) await turn();
    this.open -= 1;
    if (this.fail) throw new Error('the index is away');
    if (epoch !== EPOCH) return { status: 'otherEpoch' as const };
    const value = reads.map((read) => {
      this.rows += 'count' in read ? read.count : 1;
      return { of: read } as unknown as RankingView;
    });
    return { status: 'answered' as const, value };
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

function setUp() {
  const index = new CountingIndex();
  return { index, batcher: new ReadBatcher(index as unknown as RankingIndex) };
}

const range = (start: number, count: number): RankingRead => ({ kind: 'range', start, count });
const player = (n: number): RankingRead => ({ kind: 'player', playerId: `p${n}` as PlayerId });
const around = (n: number, count: number): RankingRead => ({
  kind: 'around',
  playerId: `p${n}` as PlayerId,
  count,
});
const aroundScore = (score: number, count: number): RankingRead => ({
  kind: 'aroundScore',
  score,
  count,
});

test.each<[string, (n: number) => RankingRead, { calls: number; rows: number }]>([
  ['single players', player, { calls: 1, rows: 200 }],
  ['a page', () => range(0, 50), { calls: 1, rows: 50 }],
  [
    'a large page and players, by turns',
    (n) => (n % 2 ? player(n) : range(0, 1000)),
    { calls: 2, rows: 1100 },
  ],
  [
    'two pages that do not go together, by turns',
    (n) => range(n % 2, 200),
    { calls: 2, rows: 400 },
  ],
  ['a large window around a player', () => around(1, 1000), { calls: 1, rows: 1000 }],
  ['a large window around a score', () => aroundScore(5, 1000), { calls: 1, rows: 1000 }],
  ['small windows around different players', (n) => around(n, 20), { calls: 13, rows: 4000 }],
])('200 reads at once of %s: each is answered, with few calls', async (_, read, expected) => {
  const { index, batcher } = setUp();
  const reads = Array.from({ length: 200 }, (_, n) => read(n));
  const answers = await Promise.all(reads.map((each) => batcher.read(RANKING, EPOCH, each)));
  expect(answers).toEqual(reads.map((of) => ({ of })));
  expect({ calls: index.calls, rows: index.rows }).toEqual(expected);
});

test('an answer is never older than its read', async () => {
  const { index, batcher } = setUp();
  const first = batcher.read(RANKING, EPOCH, range(0, 50));
  await turn();
  expect(index.calls).toBe(1);
  const second = batcher.read(RANKING, EPOCH, range(0, 50));
  expect(await first).not.toBe(await second);
  expect(index.calls).toBe(2);
});

test('the next call leaves before the answers of the one before are dealt out', async () => {
  const { index, batcher } = setUp();
  const callsAtAnswer = batcher.read(RANKING, EPOCH, player(1)).then(() => index.calls);
  await turn();
  const second = batcher.read(RANKING, EPOCH, player(2));
  expect(await callsAtAnswer).toBe(2);
  expect(await second).toEqual({ of: player(2) });
});

test('many reads make several calls at a time; few that come behind them wait', async () => {
  const { index, batcher } = setUp();
  // As many as fill calls, so that those behind them go in calls of their own.
  const burst = Array.from({ length: 12 * 256 }, (_, n) => batcher.read(RANKING, EPOCH, player(n)));
  const behind: Promise<unknown>[] = [];
  for (let n = 0; n < 50; n += 1) {
    behind.push(batcher.read(RANKING, EPOCH, player(n)));
    await turn();
  }
  await Promise.all([...burst, ...behind]);
  expect(index.mostOpen).toBe(4);
  expect(index.mostOpenForFew).toBe(1);
});

test('a failure reaches all who wait for that call, and no later ones', async () => {
  const { index, batcher } = setUp();
  index.fail = true;
  const failed = [range(0, 50), range(0, 50), player(1)].map((read) =>
    batcher.read(RANKING, EPOCH, read),
  );
  const outcomes = await Promise.allSettled(failed);
  expect(outcomes.map(({ status }) => status)).toEqual(Array(3).fill('rejected'));
  index.fail = false;
  expect(await batcher.read(RANKING, EPOCH, player(1))).toEqual({ of: player(1) });
});

test('reads of another epoch wait for calls of their own', async () => {
  const { index, batcher } = setUp();
  const [old, current] = await Promise.all([
    batcher.read(RANKING, EPOCH - 1, player(1)),
    batcher.read(RANKING, EPOCH, player(1)),
  ]);
  expect(old).toBe('otherEpoch');
  expect(current).toEqual({ of: player(1) });
  expect(index.calls).toBe(2);
});

test('a small read does not wait behind all the pages that others wait for', async () => {
  const { batcher } = setUp();
  const answered: string[] = [];
  const reads = Array.from({ length: 50 }, (_, at) =>
    batcher.read(RANKING, EPOCH, range(at, 1_000)).then(() => answered.push('page')),
  );
  await turn();
  await batcher.read(RANKING, EPOCH, player(1)).then(() => answered.push('player'));
  // Four calls were under way, and one page may have had its turn first.
  expect(answered.indexOf('player')).toBeLessThan(10);
  await Promise.all(reads);
  expect(answered).toHaveLength(51);
});
