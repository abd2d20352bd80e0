import type { Redis } from 'ioredis';

/** What a logical database of Redis had at some moment. */
export type KeptState = readonly { readonly key: string; readonly dump: Buffer | null }[];

export async function keepState(redis: Redis): Promise<KeptState> {
  const keys = await redis.keys('*');
  return Promise.all(keys.map(async (key) => ({ key, dump: await redis.dumpBuffer(key) })));
}

/**
 * Puts a state back in one step: to every client, Redis has gone back in time without a restart, as when its
 * machine returns to a snapshot.
 */
export async function goBackTo(redis: Redis, state: KeptState): Promise<void> {
  const back = redis.multi().flushdb();
  for (const { key, dump } of state) if (dump !== null) back.restore(key, 0, dump);
  await back.exec();
}
