import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { writePair } from '../../../../certs/generate.ts';
import type { LinkProxy } from '../stage/link-proxy.ts';
import { onRedis, signalIfRunning } from '../stage/redis-pair.ts';
import type { Stage } from '../stage/stage.ts';
import type { Fault, LosablePart } from './schedule.ts';

/** What one fault was in fact. Milliseconds on the machine's clock. */
export interface Inflicted {
  readonly fault: Fault;
  readonly from: number;
  /** Infinity while it lasts. */
  to: number;
  /** Of a failover. */
  promoted?: number;
  /** Of a failover, by server; Infinity: not yet. */
  arrived?: number[];
  /** Why it could not be had, or what went wrong with it. */
  trouble?: string;
}

/** A vacuum of one of the small tables that takes longer waits for a lock that somebody keeps. */
const VACUUM_MS = 60_000;

/** Why a fault cannot be had on this machine; undefined if it can. */
export function whyNot(stage: Stage, fault: Fault): string | undefined {
  if (fault.kind === 'postgres-full') return stage.postgres.lacking.disk;
  if (fault.kind === 'clock-step') return stage.postgres.lacking.clock;
  return undefined;
}

/** Inflicts the fault, waits for as long as it lasts (or until the run is given up), and heals it. */
export async function inflict(
  stage: Stage,
  fault: Fault,
  inflicted: Inflicted,
  givenUp: AbortSignal,
): Promise<void> {
  const last = () => delay(fault.lasts, undefined, { signal: givenUp }).catch(() => {});
  const { postgres, redis, servers } = stage;
  switch (fault.kind) {
    case 'server-kill': {
      const server = servers[fault.server];
      await server?.kill();
      await last();
      await server?.start();
      break;
    }
    case 'server-stop':
      servers[fault.server]?.signal('SIGSTOP');
      await last();
      servers[fault.server]?.signal('SIGCONT');
      break;
    case 'link': {
      const links = stage.links
        .filter((_, server) => fault.server < 0 || fault.server === server)
        .map((each) => each[fault.store]);
      await Promise.all(links.map((link) => link.set(fault.mode)));
      await last();
      await Promise.all(links.map((link) => link.set('pass')));
      break;
    }
    case 'redis-stop': {
      const { pid } = redis.primary;
      signalIfRunning(pid, 'SIGSTOP');
      await last();
      signalIfRunning(pid, 'SIGCONT');
      break;
    }
    case 'redis-flush':
      await onRedis(redis.primary, (connection) => connection.flushall());
      break;
    case 'redis-lose':
      await onRedis(redis.primary, (connection) => lose(connection, fault.part));
      break;
    case 'redis-restart': {
      const { primary } = redis;
      await primary.kill();
      await last();
      await primary.start({ wipe: fault.data === 'lost' });
      break;
    }
    case 'redis-failover':
      await failOver(stage, fault, inflicted, givenUp);
      break;
    case 'postgres-stop':
      postgres.signalAll('SIGSTOP');
      await last();
      postgres.signalAll('SIGCONT');
      break;
    case 'postgres-restart': {
      const signals = { kill: 'SIGKILL', immediate: 'SIGQUIT', fast: 'SIGINT' } as const;
      await postgres.postgres.kill(signals[fault.how]);
      await last();
      await postgres.postgres.start();
      break;
    }
    case 'postgres-full':
      await postgres.fillDisk();
      await last();
      await postgres.emptyDisk();
      break;
    case 'clock-step':
      postgres.stepClock(fault.seconds);
      await last();
      postgres.stepClock(0);
      // Read by the second.
      await delay(1_100);
      break;
    case 'vacuum-full':
      for (const table of ['rankings', 'outbox', 'entries', 'submissions']) {
        await postgres.sqlWithin(VACUUM_MS, `VACUUM FULL rostrum.${table}`);
      }
      break;
    case 'certificates': {
      const { authority, directory } = stage.certificates;
      const pair = await authority.issue({
        commonName: 'rostrum server',
        uris: ['spiffe://rostrum/server/server'],
        hosts: ['localhost', '127.0.0.1', '::1'],
        usage: 'server',
      });
      writePair(directory, 'server', pair);
      break;
    }
  }
}

async function lose(redis: Redis, part: LosablePart): Promise<void> {
  const keys = (pattern: string) => redis.keys(`rostrum:*${pattern}*`);
  switch (part) {
    case 'all':
    case 'meta':
    case 'order':
    case 'entries':
    case 'feed': {
      const found = await keys(part === 'all' ? '' : `:${part}`);
      if (found.length > 0) await redis.del(...found);
      break;
    }
    case 'some-entries':
      for (const key of await keys(':entries')) {
        const fields = await redis.hkeys(key);
        const lost = fields.filter((_, index) => index % 7 === 3);
        if (lost.length > 0) await redis.hdel(key, ...lost);
      }
      break;
    case 'some-order':
      for (const key of await keys(':order')) await redis.zremrangebyrank(key, 2, 4);
      break;
  }
}

async function failOver(
  { redis, links }: Stage,
  fault: Extract<Fault, { kind: 'redis-failover' }>,
  inflicted: Inflicted,
  givenUp: AbortSignal,
): Promise<void> {
  const sleep = (ms: number) => delay(ms, undefined, { signal: givenUp }).catch(() => {});
  const begin = performance.now();
  if (fault.stale > 0) {
    await redis.cutReplica();
    await sleep(fault.stale);
  }
  const old = redis.primary;
  await redis.promote();
  const promoted = performance.now();
  inflicted.promoted = promoted;
  if (fault.old === 'stopped') signalIfRunning(old.pid, 'SIGSTOP');
  const arrived = links.map(() => Number.POSITIVE_INFINITY);
  inflicted.arrived = arrived;
  await Promise.all(
    links.map(async (link, server) => {
      await sleep(fault.arrivals[server] ?? 0);
      link.redis.move(redis.primary.port, fault.open);
      arrived[server] = performance.now();
    }),
  );
  await sleep(Math.max(0, fault.lasts - (performance.now() - begin)));
  // The old one is found by now, and follows the new one.
  signalIfRunning(old.pid, 'SIGCONT');
  await redis.follow();
}

/** Mends whatever may be broken still; used when a run is given up and at its end. */
export async function healAll(stage: Stage): Promise<void> {
  const { postgres, redis, links, servers } = stage;
  postgres.signalAll('SIGCONT');
  for (const member of [redis.primary, redis.replica]) signalIfRunning(member.pid, 'SIGCONT');
  for (const server of servers) server.signal('SIGCONT');
  const all: LinkProxy[] = links.flatMap((each) => [each.postgres, each.redis]);
  await Promise.all(all.map((link) => link.set('pass')));
  await postgres.emptyDisk();
  postgres.stepClock(0);
  await redis.primary.start();
}
