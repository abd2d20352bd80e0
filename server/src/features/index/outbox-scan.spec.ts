import { beforeEach, expect, test } from 'vitest';
import { OutboxScan } from './outbox-scan.js';
import type { Outbox, OutboxBatch } from './ports.js';

const SECOND = 1_000;

/** The part of an outbox that a scan asks: ids that were taken, and batches that are there. */
class Ids {
  readonly there = new Set<number>();
  /** The lowest id that was ever asked about. */
  readonly asked: number[] = [];
  last = 0;

  async lastId(): Promise<number> {
    return this.last;
  }

  async pending(afterId: number, throughId: number, limit: number): Promise<OutboxBatch[]> {
    this.asked.push(afterId);
    return [...this.there]
      .filter((id) => id > afterId && id <= throughId)
      .sort((a, b) => a - b)
      .slice(0, limit)
      .map((outboxId) => ({ outboxId, keys: [] }));
  }
}

let ids: Ids;
let nowMs: number;
let scan: OutboxScan;

beforeEach(() => {
  ids = new Ids();
  nowMs = 5_000;
  scan = new OutboxScan(ids as unknown as Outbox, () => nowMs);
});

test('all is everything up to the last id that was taken', async () => {
  ids.last = 70;
  expect(await scan.all()).toEqual({ after: 0, through: 70 });
});

test('old is what was there at the look before, from the beginning at first', async () => {
  ids.last = 10;
  expect(await scan.old()).toEqual({ after: 0, through: 0 });
  ids.last = 25;
  nowMs += 300;
  expect(await scan.old()).toEqual({ after: 0, through: 10 });
  nowMs += 300;
  expect(await scan.old()).toEqual({ after: 0, through: 25 });
});

test('begins behind what has ended long ago, but before what is still there', async () => {
  ids.last = 10;
  await scan.old();
  ids.last = 20;
  ids.there.add(17);
  nowMs += 300;
  await scan.old();
  nowMs += 31 * SECOND;
  ids.last = 30;
  // Everything up to 10 is committed or never will be, and nothing is left of it; 17 is.
  expect(await scan.old()).toEqual({ after: 16, through: 20 });
  ids.there.clear();
  nowMs += 31 * SECOND;
  // Once a minute everything is looked at.
  expect(await scan.old()).toEqual({ after: 0, through: 30 });
  nowMs += 300;
  expect((await scan.old()).after).toBe(30);
});

test('a batch that is committed late, with a low id, is within reach', async () => {
  ids.last = 10;
  await scan.old();
  for (let looks = 0; looks < 200; looks += 1) {
    nowMs += 300;
    ids.last += 5;
    if (looks === 60) ids.there.add(9); // its statement ran for 18 s
    const { after, through } = await scan.old();
    if (looks >= 60) expect([after < 9, through >= 9]).toEqual([true, true]);
  }
});

test('one whose statement was held up for longer is found within a minute', async () => {
  ids.last = 10;
  await scan.old();
  let found: number | undefined;
  const startMs = nowMs;
  while (found === undefined) {
    nowMs += 300;
    ids.last += 5;
    if (nowMs - startMs > 45 * SECOND) ids.there.add(9);
    const { after } = await scan.old();
    if (ids.there.has(9) && after < 9) found = nowMs;
  }
  expect(found - startMs).toBeLessThanOrEqual(61 * SECOND);
});

test('while nothing is left behind, the range does not grow', async () => {
  for (let looks = 0; looks < 1_000; looks += 1) {
    nowMs += 300;
    ids.last += 50;
    const { after, through } = await scan.old();
    // 30 s of ids at the most, except for the look at everything.
    if (after > 0) expect(through - after).toBeLessThanOrEqual(50 * 102);
  }
});
