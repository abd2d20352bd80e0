import type { Redis } from 'ioredis';

/** What a Redis says that was not promoted, or has forgotten it. */
const NO_PROMOTION = `${'0'.repeat(40)}:-1`;

/** What Redis says of itself. */
export interface RedisIdentity {
  /**
   * Names the process and its promotion: another one after a restart, a failover to another server, or a
   * failover there and back. `INFO` documents the parts: `run_id`, and what it was promoted from and where,
   * `master_replid2` and `second_repl_offset`.
   */
  readonly redis: string;
  readonly isPrimary: boolean;
}

/** @throws as the driver does, or Error if the answer says too little */
export async function identify(redis: Redis): Promise<RedisIdentity> {
  const [server, replication] = await Promise.all([
    redis.info('server'),
    redis.info('replication'),
  ]);
  const runId = field(server, 'run_id');
  return { redis: `${runId}:${promotionOf(replication)}`, isPrimary: isPrimary(replication) };
}

/**
 * Whether it still is what it was when `identify` was asked, on the same connection. A primary that has had
 * no replica for an hour (`repl-backlog-ttl`) forgets its promotion, and is no other for that.
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

/** Servers without replication of their own, which some managed ones are, have none. */
function promotionOf(replication: string): string {
  const from = /^master_replid2:(\S+)/m.exec(replication)?.[1] ?? '';
  const at = /^second_repl_offset:(\S+)/m.exec(replication)?.[1] ?? '';
  return `${from}:${at}`;
}

function field(info: string, name: string): string {
  const value = new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1];
  if (value === undefined) throw new Error(`redis does not tell its ${name}`);
  return value;
}
