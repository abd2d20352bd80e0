import { Redis } from 'ioredis';
import { inject } from 'vitest';

export interface TestRedis extends AsyncDisposable {
  /** Names a logical database that no other test uses. */
  readonly url: string;
  /** Empties it. */
  flush(): Promise<void>;
}

/**
 * An empty logical database on the Redis server of the run: cheap, for tests that neither stop the
 * server nor use FLUSHALL nor count on Pub/Sub channels being theirs alone (those span all
 * databases). Others use `startOwnRedis`.
 */
export async function createTestRedis(): Promise<TestRedis> {
  const server = inject('redisUrl');
  const database = await withRedis(server, async (redis) => {
    const settings = await redis.config('GET', 'databases');
    const count = Number((settings as string[])[1] ?? 16);
    // Database 0 holds the count of those handed out.
    return 1 + ((await redis.incr('rostrum-test:databases')) % (count - 1));
  });
  const url = new URL(server);
  url.pathname = `/${database}`;
  const flush = async () => {
    await withRedis(url.href, (redis) => redis.flushdb());
  };
  await flush();
  return { url: url.href, flush, [Symbol.asyncDispose]: flush };
}

async function withRedis<T>(url: string, work: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url, { lazyConnect: true, maxRetriesPerRequest: 2 });
  redis.on('error', () => undefined); // the command that fails says so
  try {
    await redis.connect();
    return await work(redis);
  } finally {
    redis.disconnect();
  }
}
