import { setTimeout as delay } from 'node:timers/promises';
import type { RostrumClient } from '@rostrum/client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { onRedis } from '../machine/stage/redis-pair.ts';
import { viewAfter } from '../support/watch/recording-stream.ts';
import {
  changesRequest,
  standingsRequest,
  WatchCall,
  type WatchClient,
  watchClient,
} from '../support/watch/watch-call.ts';
import { untilIndexed } from './aftermath.ts';
import { SplitStage } from './split-stage.ts';

const A = 0;
const B = 1;
/** A connection that says nothing is given up after a second, and a life opens after another. */
const FEW_SECONDS_MS = 5_000;

let stage: SplitStage;
let a: RostrumClient;
let b: RostrumClient;

beforeAll(async () => {
  stage = await SplitStage.start();
});

beforeEach(() => {
  [a, b] = [stage.client('writer', stage.servers[A]), stage.client('writer', stage.servers[B])];
});

afterEach(async () => {
  await Promise.all([a.close(), b.close()]);
});

afterAll(async () => {
  await stage?.stop();
});

/** Both kinds of watch of a board on server A, which is written to over server B. */
class Watched {
  readonly #client: WatchClient;
  readonly #leaderboardId: string;
  readonly #view;
  readonly #feed;
  #score = 0;

  static async open(leaderboardId: string): Promise<Watched> {
    const watched = new Watched(leaderboardId);
    await watched.untilTold();
    await untilIndexed(a, leaderboardId);
    return watched;
  }

  private constructor(leaderboardId: string) {
    this.#leaderboardId = leaderboardId;
    this.#client = watchClient(stage.servers[A].address);
    // The watches need a leaderboard.
    this.#view = this.#submit().then(
      () => new WatchCall(this.#client.watchStandings(standingsRequest(leaderboardId))),
    );
    this.#feed = this.#view.then(
      () => new WatchCall(this.#client.watchChanges(changesRequest(leaderboardId))),
    );
  }

  /** Puts a new leader, and waits until both watches have told of it. How long that took, in milliseconds. */
  async untilTold(): Promise<number> {
    const [view, feed] = await Promise.all([this.#view, this.#feed]);
    const revision = await this.#submit();
    const start = performance.now();
    await Promise.all([
      view.until(() => viewAfter(view.messages)[0]?.startsWith(`1 p${this.#score} `) === true),
      feed.until(() => (feed.messages.at(-1)?.revision ?? 0n) >= BigInt(revision)),
    ]);
    expect([view.error, feed.error]).toEqual([undefined, undefined]);
    return performance.now() - start;
  }

  async close(): Promise<void> {
    for (const { call } of await Promise.all([this.#view, this.#feed])) call.cancel();
    this.#client.close();
  }

  /** Returns the revision; 0 while the index is away. */
  async #submit(): Promise<number> {
    this.#score += 1;
    const { revision } = await b.scores.submit({
      leaderboardId: this.#leaderboardId,
      playerId: `p${this.#score}`,
      score: this.#score,
    });
    return revision;
  }
}

async function expectSoonAgain(watched: Watched, what: string): Promise<void> {
  const took: number[] = [];
  const start = performance.now();
  while (took.length < 12) {
    took.push(await watched.untilTold());
    // The first ones come before the silence is noticed: what was signalled meanwhile counts.
    await delay(200);
  }
  console.info(`${what}: told after ${took.map(Math.round).join(', ')} ms`);
  expect(performance.now() - start).toBeGreaterThan(2_000);
  expect(Math.max(...took)).toBeLessThan(FEW_SECONDS_MS);
  expect(Math.max(...took.slice(-3))).toBeLessThan(1_000);
}

async function freezePostgres(): Promise<void> {
  await stage.links[A].postgres.set('frozen');
  await stage.links[A].postgres.set('pass');
}

describe('connections whose other end has vanished', () => {
  it('to Redis, which has failed over: both kinds of watch go on', async () => {
    const watched = await Watched.open('vanished-redis');
    await stage.redis.promote();
    stage.move(A, stage.redis.primary, 'frozen');
    stage.move(B, stage.redis.primary, 'frozen');
    await expectSoonAgain(watched, 'all connections frozen');
    await watched.close();
    await stage.heal();
  });

  it('to Redis, that of the signals alone: both kinds of watch go on', async () => {
    const watched = await Watched.open('vanished-signals');
    const clients = await onRedis(stage.redis.primary, (redis) => redis.client('LIST'));
    const subscribed = String(clients)
      .split('\n')
      .filter((line) => / sub=[1-9]/.test(line))
      .map((line) => Number(/ addr=\S+:(\d+) /.exec(line)?.[1]));
    expect(subscribed.length).toBeGreaterThan(0);
    for (const port of subscribed) stage.links[A].redis.freeze(port);
    await expectSoonAgain(watched, 'signals frozen');
    await watched.close();
    await stage.heal();
  });

  it('to Redis: a submission waits less than it takes to notice, unless its leaderboard is new', async () => {
    const leaderboardId = 'holed-redis';
    await a.scores.submit({ leaderboardId, playerId: 'p', score: 1 });
    const waitOf = async (id: string): Promise<number> => {
      await untilIndexed(a, leaderboardId);
      await stage.links[A].redis.set('hole');
      const start = performance.now();
      const { ranked } = await a.scores.submit({ leaderboardId: id, playerId: 'p', score: start });
      expect({ id, ranked }).toEqual({ id, ranked: false });
      const tookMs = performance.now() - start;
      await stage.links[A].redis.set('pass');
      return tookMs;
    };
    const known = [await waitOf(leaderboardId), await waitOf(leaderboardId)];
    const fresh = [await waitOf('holed-redis-1'), await waitOf('holed-redis-2')];
    const text = (waits: readonly number[]) => waits.map(Math.round).join(' and ');
    console.info(
      `Redis silent: submissions after ${text(known)} ms, to new boards ${text(fresh)} ms`,
    );
    expect(Math.min(...known)).toBeLessThan(Math.min(...fresh));
    expect(Math.max(...fresh)).toBeLessThan(FEW_SECONDS_MS);
    await stage.heal();
  });

  it('to PostgreSQL: reads go on, and submissions after a few seconds', async () => {
    const leaderboardId = 'vanished-postgres';
    let score = 0;
    const submit = () => {
      score += 1;
      const item = { leaderboardId, playerId: `p${score}`, score };
      return a.scores.submit(item, { deadlineMs: 30_000 });
    };
    for (let times = 0; times < 20; times += 1) await submit();
    await untilIndexed(a, leaderboardId);
    await freezePostgres();
    const start = performance.now();
    const submitted = Promise.all(Array.from({ length: 10 }, submit)).then(
      () => performance.now() - start,
    );
    let isDone = false;
    void submitted.finally(() => {
      isDone = true;
    });
    const waits: number[] = [];
    while (!isDone) {
      const asked = performance.now();
      await a.standings.listPage({ leaderboardId });
      waits.push(performance.now() - asked);
      await delay(20);
    }
    const tookMs = await submitted;
    console.info(
      `PostgreSQL frozen: reads within ${Math.round(Math.max(...waits))} ms, submissions after ${Math.round(tookMs)} ms`,
    );
    expect(Math.max(...waits)).toBeLessThan(2_500);
    expect(tookMs).toBeLessThan(8_000);
    const { standing } = await a.standings.get({ leaderboardId, playerId: `p${score}` });
    expect(standing).toMatchObject({ rank: 1, score });

    // Where nothing was under way on them, they are asked before they are used.
    await delay(1_000);
    await freezePostgres();
    const asked = performance.now();
    await submit();
    const quietMs = performance.now() - asked;
    console.info(`PostgreSQL frozen while quiet: a submission after ${Math.round(quietMs)} ms`);
    expect(quietMs).toBeLessThan(5_000);
  });

  it('to PostgreSQL do not keep a server from stopping in order', async () => {
    // What was just submitted is settled by then.
    await delay(1_000);
    await freezePostgres();
    const end = await stage.servers[A].terminate(15_000);
    expect(end).toEqual({ code: 0, signal: null });
  });
});
