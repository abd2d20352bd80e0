import { expect, test } from 'vitest';
import type { RankingNo } from '../../domain/ids.js';
import type { LifeId, Tenure } from '../../domain/index-rules.js';
import { IndexTrust } from './index-trust.js';

const FIRST: Tenure = { life: 'first' as LifeId, redis: 'r' };
const SECOND: Tenure = { life: 'second' as LifeId, redis: 'r' };
const A = 1 as RankingNo;
const B = 2 as RankingNo;

function inLife(tenure: Tenure): IndexTrust {
  const trust = new IndexTrust();
  trust.enter(tenure);
  return trust;
}

test('an epoch counts only in the life, and on the connection, on which it was compared', () => {
  const trust = inLife(FIRST);
  trust.trust(A, 1, SECOND);
  expect(trust.epochOf(A)).toBeUndefined();
  trust.trust(A, 1, FIRST);
  expect(trust.epochOf(A)).toBe(1);
  const again = { ...FIRST };
  trust.enter(again);
  expect(trust.epochOf(A)).toBeUndefined();
  // What was asked before the connection broke may be answered after it.
  trust.trust(A, 1, FIRST);
  expect(trust.epochOf(A)).toBeUndefined();
  trust.trust(A, 1, again);
  trust.enter(SECOND);
  expect([trust.epochOf(A), trust.tenure?.life]).toEqual([undefined, SECOND.life]);
});

test('distrust in an epoch leaves a newer one alone', () => {
  const trust = inLife(FIRST);
  trust.trust(A, 3, FIRST);
  trust.distrust(A, 1);
  expect(trust.epochOf(A)).toBe(3);
  trust.distrust(A, 3);
  expect(trust.epochOf(A)).toBeUndefined();
});

test('an index with a gap may be written to, and does not answer', () => {
  const trust = inLife(FIRST);
  trust.trust(A, 1, FIRST);
  trust.noteGap(A);
  expect([trust.epochOf(A), trust.readableEpochOf(A)]).toEqual([1, undefined]);
  trust.noteDrained(trust.noteCount, new Set());
  expect([trust.readableEpochOf(A), trust.hasGaps]).toEqual([1, false]);
});

test('a gap outlives the life in which it was noted', () => {
  const trust = inLife(FIRST);
  trust.noteGap(A);
  trust.enter(SECOND);
  expect(trust.hasGap(A)).toBe(true);
});

test('a drain closes the gaps that were known when it began, except those it names', () => {
  const trust = inLife(FIRST);
  trust.noteGap(A);
  trust.noteGap(B);
  const { noteCount } = trust;
  // Another batch missed the index while the first were brought in.
  trust.noteGap(A);
  trust.noteDrained(noteCount, new Set());
  expect([trust.hasGap(A), trust.hasGap(B)]).toEqual([true, false]);
  trust.noteDrained(trust.noteCount, new Set([A]));
  expect(trust.hasGap(A)).toBe(true);
});

test('an index answers again when it has what the store of record has shown', async () => {
  const trust = inLife(FIRST);
  trust.trust(A, 1, FIRST);
  trust.noteStoreRead(A);
  expect([trust.readableEpochOf(A), trust.hasGap(A), trust.hasGaps]).toEqual([
    undefined,
    false,
    false,
  ]);
  const caughtUp = trust.catchesUp(A, 60_000);
  expect(trust.isAwaited).toBe(true);
  const before = trust.noteCount;
  trust.noteStoreRead(A);
  // It began before the last of these reads.
  trust.noteDrained(before, new Set());
  expect(trust.readableEpochOf(A)).toBeUndefined();
  trust.noteDrained(trust.noteCount, new Set());
  expect([await caughtUp, trust.readableEpochOf(A)]).toEqual([true, 1]);
});

test('nobody waits for an index to catch up that has a gap, or for longer than asked for', async () => {
  const trust = inLife(FIRST);
  trust.noteStoreRead(A);
  expect(await trust.catchesUp(A, 1)).toBe(false);
  const waiting = trust.catchesUp(A, 60_000);
  trust.noteGap(A);
  expect(await waiting).toBe(false);
});

test('reads of the store meanwhile keep no gap open', () => {
  const trust = inLife(FIRST);
  trust.noteGap(A);
  const { noteCount } = trust;
  trust.noteStoreRead(A);
  trust.noteDrained(noteCount, new Set());
  expect(trust.hasGap(A)).toBe(false);
});

test('of too many rankings the one that was compared longest ago is forgotten', () => {
  const trust = inLife(FIRST);
  for (let no = 1; no <= 100_000; no += 1) trust.trust(no as RankingNo, 1, FIRST);
  trust.trust(A, 1, FIRST);
  trust.trust(100_001 as RankingNo, 1, FIRST);
  expect([trust.epochOf(A), trust.epochOf(B)]).toEqual([1, undefined]);
});
