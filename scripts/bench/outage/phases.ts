import { setTimeout as delay } from 'node:timers/promises';
import { GROUPS, type GroupName } from './groups.ts';
import type { Stretch } from './recorder.ts';
import type { OutageStage } from './stage.ts';

/** One stretch of the benchmark, from a fault on. */
export interface Phase {
  readonly name: string;
  /** Whether all of the load ran, or only probes. */
  readonly loaded: boolean;
  readonly seconds: number;
  readonly groups: Readonly<Record<GroupName, Stretch>>;
  /** Ranks of the large board that were answered, a second, once the first had to be answered. */
  readonly steadyRanks: number;
  /** Seconds until the last answer without the index: of the large board, and of those of one. */
  readonly rankedAfter: number;
  readonly tinyRankedAfter: number;
  /** Bytes; undefined where unknown. */
  readonly memory: number | undefined;
}

/** For longer than this nothing is waited for, in milliseconds. */
const PATIENCE_MS = 10 * 60 * 1000;
/** A board is ranked again when for so long all its answers came from the index. */
const SETTLED_MS = 2_000;
const LOOK_MS = 100;
/** From so long after a fault on it is asked how many of the ranks offered are answered; at most half of the phase. */
const LEAD_MS = 2_000;
/** Whose answers tell whether the index of the large board is back. */
const toldBy = (loaded: boolean): GroupName => (loaded ? 'rank' : 'submit');

/** Runs all phases in their order. @param seconds how long those last that no event ends */
export async function runPhases(
  stage: OutageStage,
  seconds: number,
  report: (line: string) => void,
): Promise<Phase[]> {
  const phases: Phase[] = [];
  const { redis } = stage.stores;
  /**
   * @param fault brings it about, and resolves with the moment from which it counts
   * @param until resolves with the moment up to which it counts
   */
  const phase = async (
    name: string,
    fault: () => Promise<number>,
    until: (from: number) => Promise<number>,
    loaded = true,
  ): Promise<void> => {
    report(name);
    const from = await fault();
    phases.push(told(stage, name, loaded, from, await until(from)));
  };
  const lasting = async () => {
    await delay(1000 * seconds);
    return Date.now();
  };
  const begun = async () => Date.now();

  report('building the indexes');
  await stage.loadWith('probes');
  await untilRanked(stage, false, Date.now());
  report('warming up');
  await stage.loadWith('everything');
  await delay(Math.max(2_000, 500 * seconds));

  await phase('normal', begun, lasting);
  await phase('a connection to Redis breaks', () => breakConnections(stage), lasting);
  await phase(
    'Redis is emptied, under load',
    () => flush(stage),
    (from) => untilRanked(stage, true, from),
  );
  await phase(
    'Redis is stopped',
    async () => {
      const from = Date.now();
      await redis.stop();
      return from;
    },
    lasting,
  );
  await phase(
    'Redis is back with its data',
    async () => {
      await redis.start();
      return Date.now();
    },
    (from) => untilRanked(stage, true, from),
  );
  await stage.loadWith('probes');
  await phase(
    'Redis is emptied, without load',
    () => flush(stage),
    (from) => untilRanked(stage, false, from),
    false,
  );
  return phases;
}

async function flush(stage: OutageStage): Promise<number> {
  const from = Date.now();
  await stage.onRedis((redis) => redis.flushall());
  return from;
}

/** Of everybody but who asks for it. */
async function breakConnections(stage: OutageStage): Promise<number> {
  const from = Date.now();
  await stage.onRedis(async (redis) => {
    await redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub', 'SKIPME', 'yes');
  });
  return from;
}

/**
 * Waits until the index has given every answer for a while, and resolves with the moment of the last
 * answer without it, a second after `from` at the earliest.
 *
 * @throws Error when that takes too long
 */
async function untilRanked(
  { recorder }: OutageStage,
  loaded: boolean,
  from: number,
): Promise<number> {
  const watched = [toldBy(loaded), 'tiny'] as const;
  for (;;) {
    await delay(LOOK_MS);
    const now = Date.now();
    const lost = Math.max(from, ...watched.map((group) => recorder.lastUnranked(group, from) ?? 0));
    const isBack = watched.every((group) => (recorder.lastRanked(group) ?? 0) > lost);
    if (isBack && now - lost > SETTLED_MS) return Math.max(lost, from + 1000);
    if (now - from > PATIENCE_MS) throw new Error('the index was not rebuilt in time');
  }
}

function told(stage: OutageStage, name: string, loaded: boolean, from: number, to: number): Phase {
  const { recorder } = stage;
  const after = (group: GroupName) => ((recorder.lastUnranked(group, from) ?? from) - from) / 1000;
  return {
    name,
    loaded,
    seconds: (to - from) / 1000,
    groups: Object.fromEntries(
      GROUPS.map((group) => [group.name, recorder.stretch(group.name, from, to)] as const),
    ) as Record<GroupName, Stretch>,
    steadyRanks: recorder.stretch('rank', from + Math.min(LEAD_MS, (to - from) / 2), to).rate,
    rankedAfter: after(toldBy(loaded)),
    tinyRankedAfter: after('tiny'),
    memory: stage.memory(from, to),
  };
}
