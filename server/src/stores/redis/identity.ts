import type { Redis } from 'ioredis';

/** The promotion of a Redis that was not promoted, or has forgotten it. */
const NO_PROMOTION = `${'0'.repeat(40)}:-1`;

export interface RedisIdentity {
  /**
   * Names the process and its promotion: `run_id`, `master_replid2` and `second_repl_offset` of `INFO`.
   * Another one after a restart, a failover to another server, or a failover there and back.
   */
  readonly redis: string;
  readonly isPrimary: boolean;
}

/** @throws as the driver does, or Error if the answer lacks the run id */
export async function identify(redis: Redis): Promise<RedisIdentity> {
  const [server, replication] = await Promise.all([
    redis.info('server'),
    redis.info('replication'),
  ]);
  const runId = field(server, 'run_id');
  if (runId === '') throw new Error('redis does not tell its run_id');
  return { redis: `${runId}:${promotionOf(replication)}`, isPrimary: isPrimary(replication) };
}

/**
 * Whether the server still is what `identify` found on the same connection. A primary that has had no
 * replica for an hour (`repl-backlog-ttl`) forgets its promotion, and is still the same.
 */
export async function isStill({ redis: known }: RedisIdentity, redis: Redis): Promise<boolean> {
  const replication = await redis.info('replication');
  if (!isPrimary(replication)) return false;
  const promotion = promotionOf(replication);
  return promotion === NO_PROMOTION || known.endsWith(`:${promotion}`);
}

function isPrimary(replication: string): boolean {
  return field(replication, 'role') === 'master';
}

/** Some managed servers do not have these fields. */
function promotionOf(replication: string): string {
  return `${field(replication, 'master_replid2')}:${field(replication, 'second_repl_offset')}`;
}

/** Empty if it is missing. */
function field(info: string, name: string): string {
  return new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1] ?? '';
}
