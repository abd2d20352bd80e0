import { randomUUID } from 'node:crypto';
import type { RostrumClient, ScoreResult } from '@rostrum/client';
import type { BoardSettings } from './naive-board.js';

/** Duplicates are part of what is tried. */
const RESOLVED = { onDuplicate: 'resolve' } as const;

/** Random numbers from a seed, so that a run can be told apart (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface TrafficItem {
  readonly leaderboardId: string;
  readonly playerId: string;
  readonly submissionId: string;
  readonly score: number;
  readonly subscore: number;
  readonly clientTime: Date | undefined;
  readonly newLeaderboard: BoardSettings;
}

export interface Answered {
  readonly item: TrafficItem;
  readonly result: ScoreResult;
}

export interface TrafficOptions {
  readonly client: RostrumClient;
  readonly leaderboardId: string;
  readonly settings: BoardSettings;
  readonly seed: number;
  readonly players: number;
  /** Calls; each is one submission or a batch or a stream of some. */
  readonly calls: number;
  /** Submission ids that other clients use too, so that they meet. */
  readonly sharedIds: readonly string[];
  readonly onCall?: () => void | Promise<void>;
}

/** Submits at random, players and even submission ids shared with other clients. */
export async function randomTraffic(options: TrafficOptions): Promise<Answered[]> {
  const random = seeded(options.seed);
  const below = (n: number) => Math.floor(random() * n);
  const answered: Answered[] = [];
  const make = (): TrafficItem => {
    const playerId = `p${below(options.players)}`;
    const shared = random() < 0.1 ? options.sharedIds[below(options.sharedIds.length)] : undefined;
    return {
      leaderboardId: options.leaderboardId,
      playerId,
      submissionId: shared ?? randomUUID(),
      // Few distinct scores: ties abound. A shared id has one of two contents.
      score: shared === undefined ? below(9) - 2 : below(2),
      subscore: shared === undefined && random() < 0.3 ? below(3) : 0,
      clientTime:
        shared !== undefined || random() < 0.2 ? undefined : new Date(1.6e12 + below(40) * 1000),
      newLeaderboard: options.settings,
    };
  };
  for (let call = 0; call < options.calls; call += 1) {
    const kind = below(4);
    if (kind < 2) {
      const item = make();
      answered.push({ item, result: await options.client.scores.submit(item, RESOLVED) });
    } else {
      const items = Array.from({ length: 2 + below(15) }, make);
      const results =
        kind === 2
          ? await submitBatch(options.client, items)
          : await submitStream(options.client, items);
      items.forEach((item, index) => {
        answered.push({ item, result: results[index] as ScoreResult });
      });
    }
    await options.onCall?.();
  }
  return answered;
}

async function submitBatch(
  client: RostrumClient,
  items: readonly TrafficItem[],
): Promise<ScoreResult[]> {
  const answers = await client.scores.batchSubmit(items, RESOLVED);
  return answers.map((answer) => {
    if (!answer.ok) throw answer.error;
    return answer.result;
  });
}

async function submitStream(
  client: RostrumClient,
  items: readonly TrafficItem[],
): Promise<ScoreResult[]> {
  const stream = client.scores.stream(RESOLVED);
  const results = await Promise.all(items.map((item) => stream.submit(item)));
  await stream.end();
  return results;
}
