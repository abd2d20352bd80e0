import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/support/test-database.ts';
import { NO_LOG } from '../../../test/support/test-index.ts';
import type { RankingNo } from '../../domain/ids.js';
import {
  LEASE_MS,
  LEASE_TIMEOUT_MS,
  type LifeId,
  SUPERSEDED_MS,
} from '../../domain/index-rules.js';
import { Database } from '../../stores/postgres/database.js';
import { PostgresLifeStore } from '../../stores/postgres/life-store.js';
import { IndexGate } from './index-gate.js';
import { IndexTrust } from './index-trust.js';
import { type IndexConnection, type LifeStore, StoreSilent } from './ports.js';

/** A connection that leads to the Redis server that a test names, or nowhere. */
class Connection implements IndexConnection {
  redis = '';
  admitted: string | undefined;
  /** The life in which Redis has gone back. */
  wentBackIn: LifeId | undefined;
  connectedAnew = 0;
  pings = 0;
  #onReady = () => {};
  #onLost = () => {};

  get connected(): boolean {
    return this.redis !== '';
  }
  onReady(listener: () => void): void {
    this.#onReady = listener;
  }
  onLost(listener: () => void): void {
    this.#onLost = listener;
  }
  admit(redis: string | undefined): void {
    this.admitted = redis;
  }
  async hasGoneBack(life: LifeId): Promise<boolean> {
    return life === this.wentBackIn;
  }
  connectAnew(): void {
    this.connectedAnew += 1;
  }
  async ping(): Promise<void> {
    this.pings += 1;
  }
  reach(redis: string): void {
    this.redis = redis;
    this.#onReady();
  }
  lose(): void {
    this.redis = '';
    this.#onLost();
  }
}

let ownDatabase: TestDatabase;
let database: Database;
let lives: PostgresLifeStore;
let connection: Connection;
let trust: IndexTrust;
let gate: IndexGate;
/** What brings the index up to date; counted. */
let recover: () => Promise<void>;
let recoveries: number;
/** What PostgreSQL does with questions: it refuses them, or says nothing at all. */
let store: 'answers' | 'refuses' | 'silent';

beforeAll(async () => {
  ownDatabase = await createTestDatabase();
  database = new Database({
    url: ownDatabase.url,
    name: 'test',
    maxConnections: 2,
    statementTimeoutMs: 5_000,
    connectTimeoutMs: 5_000,
  });
  lives = new PostgresLifeStore(database);
});

afterAll(async () => {
  await database?.close();
  await ownDatabase?.drop();
});

const present = () => lives.present();
const declare = async (redis: string, isReady = true): Promise<LifeId> => {
  const { id } = await lives.declare((await present())?.id, redis);
  if (isReady) await lives.markReady(id);
  return id;
};

beforeEach(async () => {
  await declare('somebody else');
  connection = new Connection();
  trust = new IndexTrust();
  recoveries = 0;
  recover = async () => {};
  store = 'answers';
  const whileItAnswers: LifeStore = {
    present: () => answer(() => lives.present()),
    wasSuperseded: (redis) => answer(() => lives.wasSuperseded(redis)),
    declare: (...life) => answer(() => lives.declare(...life)),
    markReady: (life) => answer(() => lives.markReady(life)),
  };
  const counted = () => {
    recoveries += 1;
    return recover();
  };
  gate = new IndexGate(connection, whileItAnswers, trust, counted, NO_LOG);
  gate.start();
});

afterEach(() => {
  gate.close();
  vi.useRealTimers();
});

function answer<T>(question: () => Promise<T>): Promise<T> {
  if (store === 'silent') return Promise.reject(new StoreSilent('nothing came'));
  return store === 'refuses' ? Promise.reject(new Error('no')) : question();
}

let made = 0;
function newRedis(): string {
  made += 1;
  return `redis ${made}`;
}

/** A gate that is open, on a Redis whose life is the present one. */
async function open(): Promise<{ redis: string; life: LifeId }> {
  const redis = newRedis();
  const life = await declare(redis);
  connection.reach(redis);
  await gate.whenOpen();
  return { redis, life };
}

describe('a server that is connected to a Redis', () => {
  it('whose life is the present one opens once everything was brought in', async () => {
    const redis = newRedis();
    const life = await declare(redis);
    const broughtIn = Promise.withResolvers<void>();
    recover = () => broughtIn.promise;
    expect(gate.state).toBe('lost');
    connection.reach(redis);
    await expect.poll(() => recoveries).toBe(1);
    expect([gate.state, gate.isOpen, gate.isReachable]).toEqual(['recovering', false, true]);
    expect([trust.tenure?.life, connection.admitted]).toEqual([life, redis]);
    broughtIn.resolve();
    await gate.whenOpen();
    expect([gate.isOpen, gate.opening]).toEqual([true, 1]);
  });

  it('whose life is not ready waits until every lease on the life before is over', async () => {
    const redis = newRedis();
    await declare(redis, false);
    const start = performance.now();
    connection.reach(redis);
    await gate.whenOpen();
    expect(performance.now() - start).toBeGreaterThanOrEqual(LEASE_MS - 1);
    expect(await present()).toMatchObject({ redis, ready: true });
  });

  it('that has no life declares one', async () => {
    const redis = newRedis();
    connection.reach(redis);
    await gate.whenOpen();
    expect(await present()).toMatchObject({ redis, ready: true, id: trust.tenure?.life });
  });

  it('whose life ended a short while ago looks for another, and declares none', async () => {
    const redis = newRedis();
    await declare(redis);
    const successor = await declare(newRedis());
    connection.reach(redis);
    await expect.poll(() => connection.connectedAnew).toBe(1);
    expect([gate.isReachable, connection.admitted]).toEqual([false, undefined]);
    expect((await present())?.id).toBe(successor);
  });

  it('whose life ended long ago, and that reaches no other, declares another life there', async () => {
    const redis = newRedis();
    await declare(redis);
    await declare(newRedis());
    connection.reach(redis);
    await expect.poll(() => connection.connectedAnew).toBe(1);
    const now = performance.now.bind(performance);
    vi.spyOn(performance, 'now').mockImplementation(() => now() + SUPERSEDED_MS);
    connection.lose();
    connection.reach(redis);
    await gate.whenOpen();
    vi.restoreAllMocks();
    expect(await present()).toMatchObject({ redis });
  });

  it('that has gone back in its life declares another life, and trusts nothing of the one before', async () => {
    const { redis, life } = await open();
    trust.trust(1 as RankingNo, 1, trust.requireTenure());
    connection.lose();
    connection.wentBackIn = life;
    connection.reach(redis);
    await gate.whenOpen();
    expect(await present()).toMatchObject({ redis, ready: true, id: trust.tenure?.life });
    expect([trust.tenure?.life === life, trust.epochOf(1 as RankingNo)]).toEqual([
      false,
      undefined,
    ]);
    expect(recoveries).toBe(2);
  });

  it('tries again when what was committed cannot be brought in', async () => {
    recover = async () => {
      if (recoveries === 1) throw new Error('not yet');
    };
    await open();
    expect([recoveries, connection.pings]).toEqual([2, 2]);
  });

  it('recovers again when a batch missed the index meanwhile', async () => {
    recover = async () => {
      if (recoveries === 1) gate.noteMissed();
    };
    await open();
    expect(recoveries).toBe(2);
  });
});

describe('an open server', () => {
  it('whose command failed answers nothing until everything was brought in again', async () => {
    await open();
    gate.noteMissed(new Error('a command failed'));
    expect([gate.state, gate.isOpen, gate.isReachable, gate.opening]).toEqual([
      'recovering',
      false,
      false,
      0,
    ]);
    await gate.whenOpen();
    expect([recoveries, gate.opening]).toEqual([2, 2]);
  });

  it('whose connection broke opens at once on the same Redis when nothing was missed', async () => {
    const { redis } = await open();
    trust.trust(1 as RankingNo, 1, trust.requireTenure());
    connection.lose();
    expect([gate.state, gate.isReachable, connection.admitted]).toEqual(['lost', false, undefined]);
    connection.reach(redis);
    await gate.whenOpen();
    expect([recoveries, gate.opening]).toEqual([1, 2]);
    // What was trusted is compared again before it answers.
    expect(trust.epochOf(1 as RankingNo)).toBeUndefined();
  });

  it('whose connection broke recovers when it missed a batch', async () => {
    const { redis } = await open();
    connection.lose();
    gate.noteMissed();
    connection.reach(redis);
    await gate.whenOpen();
    expect(recoveries).toBe(2);
  });

  it('leaves a life when another is the present one, and joins that', async () => {
    await open();
    const next = newRedis();
    const life = await declare(next);
    await expect.poll(() => connection.connectedAnew, { timeout: 5_000 }).toBe(1);
    expect([gate.state, connection.admitted]).toEqual(['lost', undefined]);
    connection.reach(next);
    await gate.whenOpen();
    expect([trust.tenure?.life, recoveries]).toEqual([life, 2]);
  });

  it('keeps its lease while PostgreSQL is silent, and comes back to the same Redis', async () => {
    const { redis, life } = await open();
    trust.trust(1 as RankingNo, 1, trust.requireTenure());
    store = 'silent';
    const start = performance.now();
    await vi.waitUntil(() => performance.now() - start > LEASE_MS + LEASE_TIMEOUT_MS, {
      timeout: 5_000,
    });
    expect(await gate.confirmsOpen()).toBe(true);
    connection.lose();
    connection.reach(redis);
    await gate.whenOpen();
    expect([await gate.confirmsOpen(), trust.tenure?.life]).toEqual([true, life]);
    // There is nobody to ask whether it is whole.
    expect(trust.epochOf(1 as RankingNo)).toBe(1);
  });

  it('does not come back to a Redis that has gone back while PostgreSQL is silent', async () => {
    const { redis, life } = await open();
    store = 'silent';
    connection.lose();
    connection.wentBackIn = life;
    connection.reach(redis);
    const opened = await Promise.race([
      gate.whenOpen().then(() => true),
      new Promise((resolve) => setTimeout(resolve, 600, false)),
    ]);
    expect([opened, gate.isReachable]).toEqual([false, false]);
    store = 'answers';
    await gate.whenOpen();
    expect(trust.tenure?.life).not.toBe(life);
  });

  it('answers nothing after the time of a lease in which PostgreSQL only refused', async () => {
    await open();
    store = 'refuses';
    await expect.poll(() => gate.isOpen, { timeout: 5_000 }).toBe(false);
    // Nothing has failed: it goes on as soon as it hears.
    expect([gate.state, gate.isReachable]).toEqual(['open', true]);
    store = 'answers';
    await expect.poll(() => gate.isOpen, { timeout: 5_000 }).toBe(true);
  });

  it('trusts no other Redis while PostgreSQL is silent', async () => {
    await open();
    store = 'silent';
    connection.lose();
    connection.reach(newRedis());
    const opened = await Promise.race([
      gate.whenOpen().then(() => true),
      new Promise((resolve) => setTimeout(resolve, 600, false)),
    ]);
    expect([opened, gate.isReachable]).toEqual([false, false]);
  });
});

it('a reader waits a moment for a connection that just broke, and no longer', async () => {
  const { redis } = await open();
  connection.lose();
  const soon = gate.opensSoon();
  connection.reach(redis);
  expect(await soon).toBe(true);
  connection.lose();
  expect(await gate.opensSoon()).toBe(false);
});
