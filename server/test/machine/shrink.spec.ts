import { expect, test } from 'vitest';
import type { Outcome } from './run.ts';
import type { Fault, Schedule } from './schedule/schedule.ts';
import { shrink } from './shrink.ts';

const KIND = 'stale';

/** Eight faults, one a minute, of 10 s each. */
const EIGHT: Schedule = {
  seed: 1,
  durationMs: 600_000,
  faults: [1, 2, 3, 4, 5, 6, 7, 8].map(
    (id): Fault => ({ id, at: id * 60_000, lasts: 10_000, kind: 'redis-stop' }),
  ),
};

/** Shrinks the eight. @param kindFound what is found in a play of these faults; undefined for nothing */
async function shrunk(
  kindFound: (ids: readonly number[], play: number) => string | undefined,
  stop?: { readonly afterPlays: number },
) {
  const plays: Schedule[] = [];
  const stopped = new AbortController();
  const least = await shrink({
    schedule: EIGHT,
    kinds: new Set([KIND]),
    boundMs: 60_000,
    play: (schedule) => {
      plays.push(schedule);
      if (plays.length === stop?.afterPlays) stopped.abort();
      const ids = schedule.faults.map(({ id }) => id);
      const kind = kindFound(ids, plays.length);
      const findings = kind === undefined ? [] : [{ kind }];
      return Promise.resolve({ findings } as unknown as Outcome);
    },
    note: () => {},
    signal: stopped.signal,
  });
  return { least, ids: least.faults.map(({ id }) => id), plays };
}

const needsTwoAndFive = (ids: readonly number[]) => ids.includes(2) && ids.includes(5);

test('leaves exactly the faults that it takes', async () => {
  const { ids, least, plays } = await shrunk((own) => (needsTwoAndFive(own) ? KIND : undefined));
  expect(ids).toEqual([2, 5]);
  // The load goes on for ten seconds after the last of them, in each play too.
  expect(least).toMatchObject({ seed: 1, durationMs: 5 * 60_000 + 10_000 + 10_000 });
  expect(plays.find(({ faults }) => faults.length === 4)?.durationMs).toBe(500_000);
  // One by one would be more than twice for each.
  expect(plays.length).toBeLessThan(30);
});

test('plays a schedule again before it counts as harmless', async () => {
  const found = (own: readonly number[], play: number) =>
    needsTwoAndFive(own) && play % 2 === 0 ? KIND : undefined;
  expect((await shrunk(found)).ids).toEqual([2, 5]);
});

test('drops a fault that can only go after a later one', async () => {
  const found = (own: readonly number[]) =>
    needsTwoAndFive(own) && (own.includes(3) || !own.includes(6)) ? KIND : undefined;
  expect((await shrunk(found)).ids).toEqual([2, 5]);
});

test('keeps what is needed for this kind, whatever else is found', async () => {
  const { ids } = await shrunk((own) => (own.includes(7) ? KIND : 'not served'));
  expect(ids).toEqual([7]);
});

test('leaves none when something is found without any', async () => {
  const { ids, least } = await shrunk(() => KIND);
  expect([ids, least.durationMs]).toEqual([[], 10_000]);
});

test('tells the least by then when it is stopped', async () => {
  const { ids, plays } = await shrunk((own) => (needsTwoAndFive(own) ? KIND : undefined), {
    // Three fruitless pairs, and the one in which 3 and 4 go.
    afterPlays: 7,
  });
  expect([ids, plays.length]).toEqual([[1, 2, 5, 6, 7, 8], 7]);
});
