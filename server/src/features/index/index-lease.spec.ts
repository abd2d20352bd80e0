import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import {
  LEASE_MS,
  LEASE_POLL_MS,
  LEASE_TIMEOUT_MS,
  type Life,
  type LifeId,
} from '../../domain/index-rules.js';
import { IndexLease } from './index-lease.js';
import { type LifeStore, StoreSilent } from './ports.js';

const OURS = 'ours' as LifeId;

/** Answers when told to. */
class Store {
  readonly questions: PromiseWithResolvers<Life | undefined>[] = [];

  present(): Promise<Life | undefined> {
    const question = Promise.withResolvers<Life | undefined>();
    this.questions.push(question);
    return question.promise;
  }

  async answer(id: LifeId, which = this.questions.length - 1): Promise<void> {
    this.questions[which]?.resolve({ id, redis: 'r', ready: true });
    await vi.advanceTimersByTimeAsync(0);
  }

  async fail(error: Error = new StoreSilent()): Promise<void> {
    this.questions.at(-1)?.reject(error);
    await vi.advanceTimersByTimeAsync(0);
  }
}

let store: Store;
let over: number;
let lease: IndexLease;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
  store = new Store();
  over = 0;
  lease = new IndexLease(store as unknown as LifeStore, () => {
    over += 1;
  });
});

afterEach(() => {
  lease.end();
  vi.useRealTimers();
});

const begin = () => lease.begin(OURS, performance.now());
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

test('holds from the question on, not from the answer', async () => {
  expect(lease.holds).toBe(false);
  begin();
  await pass(LEASE_POLL_MS);
  expect(store.questions).toHaveLength(1);
  await pass(LEASE_MS - LEASE_POLL_MS - 1);
  expect(lease.holds).toBe(true);
  await store.answer(OURS);
  await pass(LEASE_POLL_MS);
  // The answer is to a question that was asked 200 ms after the beginning.
  expect(lease.holds).toBe(true);
  await pass(1);
  expect(lease.holds).toBe(false);
});

test('is over, once, when another life is the present one', async () => {
  begin();
  await pass(LEASE_POLL_MS);
  await store.answer('other' as LifeId);
  expect([lease.holds, over]).toEqual([false, 1]);
  await pass(10 * LEASE_POLL_MS);
  expect([store.questions.length, over]).toEqual([1, 1]);
});

test('goes on while the store is silent, until it answers', async () => {
  begin();
  for (let refused = 0; refused < 3; refused += 1) {
    await pass(LEASE_POLL_MS);
    await store.fail();
  }
  await pass(100 * LEASE_MS);
  expect(lease.holds).toBe(true);
  await store.answer('other' as LifeId);
  expect([lease.holds, over]).toEqual([false, 1]);
});

test('runs out where the store refuses: others may be served', async () => {
  begin();
  for (let elapsed = 0; elapsed < 10 * LEASE_MS; elapsed += LEASE_POLL_MS) {
    await pass(LEASE_POLL_MS);
    await store.fail(new Error('too many connections'));
  }
  expect(lease.holds).toBe(false);
});

test('runs out where this process stood still: what it did not hear was not silence', async () => {
  begin();
  await pass(LEASE_POLL_MS);
  // Timers run once, late, and before anything is read.
  const stoodStill = 5 * LEASE_TIMEOUT_MS;
  const { now } = performance;
  performance.now = () => now.call(performance) + stoodStill;
  try {
    await pass(LEASE_POLL_MS);
    expect(lease.holds).toBe(false);
    await pass(LEASE_TIMEOUT_MS - LEASE_POLL_MS);
    expect(lease.holds).toBe(false);
    await store.answer('other' as LifeId, 0);
    expect([lease.holds, over]).toEqual([false, 1]);
  } finally {
    performance.now = now;
  }
});

test('runs out where the store is slow', async () => {
  begin();
  // The first slow answer cannot be told from silence; the others can.
  for (let round = 0; round < 5; round += 1) {
    const which = store.questions.length;
    while (store.questions.length === which) await pass(LEASE_POLL_MS);
    for (let waited = 0; waited < 1_400; waited += 100) {
      await pass(100);
      if (round > 0) expect(lease.holds).toBe(false);
    }
    await store.answer(OURS, which);
  }
});

test('an answer to a question of an earlier life counts for nothing', async () => {
  begin();
  await pass(LEASE_POLL_MS);
  lease.end();
  lease.begin('next' as LifeId, performance.now());
  await store.answer(OURS, 0);
  expect([lease.holds, over]).toEqual([true, 0]);
  await pass(LEASE_MS);
  expect(lease.holds).toBe(false);
});

test('whoever waits where it ran out hears the answer to a question that is not older', async () => {
  begin();
  await pass(LEASE_MS);
  expect(lease.holds).toBe(false);
  let settled = false;
  const waiting = lease.settled().then(() => {
    settled = true;
  });
  // This one was asked too long ago to tell.
  await store.answer(OURS, 0);
  const isHeld = lease.holds;
  await pass(0);
  if (!isHeld) expect([settled, store.questions.length]).toEqual([false, 2]);
  await store.answer(OURS);
  await waiting;
  expect(lease.holds).toBe(true);
});

test('nobody waits where there is none, or it holds', async () => {
  await lease.settled();
  begin();
  await lease.settled();
  expect(store.questions).toHaveLength(0);
});
