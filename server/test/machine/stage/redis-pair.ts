import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { LocalRedis } from '../../../../scripts/services/redis.ts';

const PASSWORD = 'machine';
/** Nobody listens there: a replica of it keeps its data and gets no more. */
const NOWHERE = 1;

/** A Redis primary and a replica of it, with one password, that can swap their roles. */
export class RedisPair {
  readonly #members: readonly [LocalRedis, LocalRedis];
  #primary = 0;

  static async start(directory: string): Promise<RedisPair> {
    const start = async (name: string) => {
      const own = join(directory, name);
      await mkdir(own, { recursive: true });
      await writeFile(join(own, 'password'), PASSWORD, { mode: 0o600 });
      return await LocalRedis.start({
        directory: own,
        logFile: join(directory, `${name}.log`),
        appendOnly: true,
      });
    };
    const [a, b] = await Promise.all([start('redis-a'), start('redis-b')]);
    const pair = new RedisPair([a, b]);
    await pair.follow();
    return pair;
  }

  private constructor(members: readonly [LocalRedis, LocalRedis]) {
    this.#members = members;
  }

  get primary(): LocalRedis {
    return this.#members[this.#primary] as LocalRedis;
  }

  get replica(): LocalRedis {
    return this.#members[1 - this.#primary] as LocalRedis;
  }

  /** The URL by which a server reaches whichever is primary, through a link of its own. */
  urlThrough(port: number): string {
    return `redis://default:${PASSWORD}@127.0.0.1:${port}/0`;
  }

  /** Makes the replica follow the primary, and waits until it has caught up. */
  async follow(): Promise<void> {
    // By default it waits five seconds for more replicas to come.
    await onRedis(this.primary, (redis) => redis.config('SET', 'repl-diskless-sync-delay', '0'));
    await onRedis(this.replica, async (redis) => {
      await redis.config('SET', 'masterauth', PASSWORD);
      await redis.replicaof('127.0.0.1', this.primary.port);
      for (let waited = 0; waited < 10_000; waited += 50) {
        const info = await redis.info('replication');
        if (/master_link_status:up/.test(info)) return;
        await delay(50);
      }
      throw new Error('the replica did not catch up within 10 s');
    });
  }

  /** From now on the replica gets nothing any more: it grows stale. */
  async cutReplica(): Promise<void> {
    await onRedis(this.replica, (redis) => redis.replicaof('127.0.0.1', NOWHERE));
  }

  /** The replica becomes the primary; the one before stays as it is. */
  async promote(): Promise<void> {
    await onRedis(this.replica, (redis) => redis.replicaof('NO', 'ONE'));
    this.#primary = 1 - this.#primary;
  }

  /** Takes note that this one is led to as the primary, without a promotion. */
  becamePrimary(member: LocalRedis): void {
    this.#primary = this.#members[0] === member ? 0 : 1;
  }

  async stop(): Promise<void> {
    await Promise.all(
      this.#members.map(async (member) => {
        signalIfRunning(member.pid, 'SIGCONT');
        await member.kill();
      }),
    );
  }
}

/** Does something on a Redis directly, past all links. */
export async function onRedis<T>(
  target: LocalRedis,
  work: (redis: Redis) => Promise<T>,
): Promise<T> {
  const redis = new Redis(target.url(), { maxRetriesPerRequest: 2, commandTimeout: 10_000 });
  redis.on('error', () => {});
  try {
    return await work(redis);
  } finally {
    redis.disconnect();
  }
}

export function signalIfRunning(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended.
  }
}
