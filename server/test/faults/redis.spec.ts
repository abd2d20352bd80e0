import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RostrumCli } from '../support/rostrum-cli.ts';
import { ServerProcess } from '../support/server-process.ts';
import { expectNothingLost, untilIndexed } from './aftermath.ts';
import { Load } from './load.ts';
import { Stage } from './stage.ts';
import { Watchers } from './watchers.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.start();
});

afterAll(async () => {
  await stage?.stop();
});

interface Fault {
  readonly name: string;
  readonly aggregation: 'SUM' | 'BEST';
  /** Breaks Redis while `load` goes on, and mends it. */
  readonly run: (load: Load) => Promise<void>;
}

async function onRedis<T>(work: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(stage.redis.url());
  try {
    return await work(redis);
  } finally {
    redis.disconnect();
  }
}

/** Removes the keys of one kind of every ranking at once. */
function deletion(kind: 'meta' | 'order' | 'entries' | 'feed'): Fault {
  return {
    name: `loses its :${kind}: keys`,
    aggregation: 'SUM',
    run: async (load) => {
      await onRedis(async (redis) => {
        const keys = await redis.keys(`rostrum:*:${kind}*`);
        expect(keys).not.toEqual([]);
        await redis.del(...keys);
      });
      await load.more(300);
    },
  };
}

const FAULTS: readonly Fault[] = [
  {
    name: 'is killed and comes back with its data',
    aggregation: 'SUM',
    run: async (load) => {
      await stage.redis.kill();
      await load.more(100);
      await stage.redis.start();
    },
  },
  {
    name: 'is killed and back at once with its data',
    aggregation: 'BEST',
    run: async () => {
      await stage.redis.kill();
      await stage.redis.start();
    },
  },
  {
    name: 'is killed and comes back empty',
    aggregation: 'SUM',
    run: async (load) => {
      await stage.redis.kill();
      await load.more(100);
      await stage.redis.start({ wipe: true });
    },
  },
  {
    name: 'is killed and back at once, empty',
    aggregation: 'BEST',
    run: async () => {
      await stage.redis.kill();
      await stage.redis.start({ wipe: true });
    },
  },
  {
    name: 'comes back with an older copy of its data',
    aggregation: 'SUM',
    run: async (load) => {
      const copy = await stage.copyRedis();
      await load.more(500);
      await stage.redis.kill();
      await stage.restoreRedis(copy);
      await stage.redis.start();
    },
  },
  {
    name: 'comes back with a copy that is a moment old',
    aggregation: 'BEST',
    run: async (load) => {
      const copy = await stage.copyRedis();
      await load.more(20);
      await stage.redis.kill();
      await stage.restoreRedis(copy);
      await stage.redis.start();
    },
  },
  {
    name: 'is emptied by FLUSHALL',
    aggregation: 'SUM',
    run: async (load) => {
      await onRedis((redis) => redis.flushall());
      await load.more(300);
    },
  },
  {
    name: 'is emptied by FLUSHALL again and again',
    aggregation: 'SUM',
    run: async (load) => {
      for (let times = 0; times < 5; times += 1) {
        await onRedis((redis) => redis.flushall());
        await load.more(30);
      }
    },
  },
  deletion('meta'),
  deletion('order'),
  deletion('entries'),
  deletion('feed'),
  {
    name: 'stands still for a moment',
    aggregation: 'SUM',
    run: async (load) => {
      await onRedis((redis) => redis.client('PAUSE', 700, 'ALL'));
      await load.more(200);
    },
  },
  {
    name: 'stands still for longer than commands may take',
    aggregation: 'SUM',
    run: async (load) => {
      process.kill(stage.redis.pid as number, 'SIGSTOP');
      const start = performance.now();
      try {
        await load.more(300);
      } finally {
        process.kill(stage.redis.pid as number, 'SIGCONT');
      }
      // Commands may take 2 seconds; only the first ones wait that long for a Redis that is silent.
      expect(performance.now() - start).toBeLessThan(15_000);
      expect(load.unranked).toBeGreaterThan(200);
    },
  },
];

describe('under load, Redis', () => {
  it.each(FAULTS)('$name: nothing is lost and no read is wrong', async (fault) => {
    const leaderboardId = fault.name.replaceAll(/[^a-z]+/gi, '-').replace(/^-/, '');
    await using client = stage.client();
    const load = new Load({ clients: [client], leaderboardId, aggregation: fault.aggregation });
    let watchers: Watchers | undefined;
    try {
      await load.more(200);
      watchers = await Watchers.open(client, leaderboardId, 'c0-p0');
      await load.more(200);
      await fault.run(load);
      await load.more(200);
      await untilIndexed(client, leaderboardId);
      await load.more(100);
    } finally {
      await load.stop();
    }
    await expectNothingLost(stage, load, leaderboardId);
    await watchers.expectCurrent();
    await watchers.close();
  });
});

it('a server that starts while Redis refuses it says why, and so do its statistics', async () => {
  const wrong = stage.redis.url().replace(/:[^:@]*@/, ':wrong@');
  const server = new ServerProcess({ databaseUrl: stage.postgres.url(), redisUrl: wrong });
  try {
    await server.start();
    const words = 'the user or the password in REDIS_URL is wrong: WRONGPASS';
    const told = server.log().filter(({ msg }) => msg === 'Redis cannot be used');
    expect(told).toEqual([
      expect.objectContaining({
        level: 'warn',
        address: `127.0.0.1:${stage.redis.port}`,
        reason: expect.stringContaining(words),
      }),
    ]);
    expect(server.logText()).not.toContain(':wrong@');
    expect(server.log()).toContainEqual(
      expect.objectContaining({
        msg: 'starting without the index; reads go to the store of record',
        reason: expect.stringContaining(words),
      }),
    );
    await using admin = stage.client('admin', server);
    const { stores } = await admin.admin.stats();
    expect(stores[1]?.state).toContain(`cannot be reached: ${words}`);
  } finally {
    await server.terminate();
  }
});

it('a check of the index that waits for a Redis that hangs says so, and is done when it goes on', async () => {
  const leaderboardId = 'checked';
  await using client = stage.client();
  await client.scores.submit({ leaderboardId, playerId: 'a', score: 1 });
  const pid = stage.redis.pid as number;
  process.kill(pid, 'SIGSTOP');
  try {
    await stage.server.waitForLog(({ reason }) => reason === 'no answer in time');
    const check = new RostrumCli(stage.server.address).as('admin').start(['verify', leaderboardId]);
    const ended = once(check, 'close');
    const [told] = await once(check.stderr as Readable, 'data');
    expect(String(told)).toContain('Waits for the index: Redis is away');
    process.kill(pid, 'SIGCONT');
    expect(await ended).toEqual([0, null]);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
});
