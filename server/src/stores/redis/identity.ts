import type { Redis } from 'ioredis';

/** What Redis says of itself. */
export interface RedisIdentity {
  /**
   * Names the process and what it was promoted from: another one after a restart, a failover to another
   * server, or a failover there and back. `INFO` documents both parts, `run_id` and `master_replid2`.
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
  return { redis: `${runId}:${promotedFrom(replication)}`, isPrimary: isPrimary(replication) };
}

/** Whether it still is what it was when `identify` was asked, on the same connection. */
export async function isStill({ redis: known }: RedisIdentity, redis: Redis): Promise<boolean> {
  const replication = await redis.info('replication');
  return isPrimary(replication) && known.endsWith(`:${promotedFrom(replication)}`);
}

function isPrimary(replication: string): boolean {
  return field(replication, 'role') === 'master';
}

/** Servers without replication of their own, which some managed ones are, have none. */
function promotedFrom(replication: string): string {
  return /^master_replid2:(\S+)/m.exec(replication)?.[1] ?? '';
}

function field(info: string, name: string): string {
  const value = new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1];
  if (value === undefined) throw new Error(`redis does not tell its ${name}`);
  return value;
}
