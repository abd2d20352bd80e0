import { randomUUID } from 'node:crypto';
import { type RostrumClient, RostrumError, type ScoreResult } from '@rostrum/client';
import type { Acknowledged } from './load.ts';

const DEADLINE_MS = 30_000;
const PLAYERS_EACH = 4;
const PAUSE_MS = 2;

interface Expected {
  score: number;
  submissions: number;
}

/**
 * Adds scores over two servers, and after each acknowledgement reads what it was promised to find: on
 * the server that answered always, and on the other one too where the answer said `ranked`.
 */
export class SplitLoad {
  readonly acknowledged: Acknowledged[] = [];
  /** What was wrong; must stay empty. */
  readonly violations: string[] = [];
  /** Answers with ranks, by server. */
  readonly ranked: [number, number] = [0, 0];
  /** Which servers get new calls. */
  servers: readonly (0 | 1)[] = [0, 1];
  readonly #clients: readonly [RostrumClient, RostrumClient];
  readonly #leaderboardId: string;
  readonly #expected = new Map<string, Expected>();
  readonly #callers: Promise<void>[];
  #reads = 0;
  #running = true;
  #waiting: { count: number; resolve: () => void }[] = [];

  constructor(
    clients: readonly [RostrumClient, RostrumClient],
    leaderboardId: string,
    callers = 8,
  ) {
    this.#clients = clients;
    this.#leaderboardId = leaderboardId;
    this.#callers = Array.from({ length: callers }, (_, caller) =>
      this.#run(caller).catch((error: unknown) => {
        this.violations.push(`caller ${caller} ended: ${String((error as Error)?.stack ?? error)}`);
        this.#running = false;
        for (const { resolve } of this.#waiting.splice(0)) resolve();
      }),
    );
  }

  get reads(): number {
    return this.#reads;
  }

  /** What each player must have in the end. */
  get expected(): ReadonlyMap<string, Readonly<Expected>> {
    return this.#expected;
  }

  /** Resolves when so many more submissions are acknowledged. */
  async more(count: number): Promise<void> {
    const target = this.acknowledged.length + count;
    if (!this.#running) return;
    await new Promise<void>((resolve) => this.#waiting.push({ count: target, resolve }));
  }

  /** Ends the load; what is under way is finished. */
  async stop(): Promise<void> {
    this.#running = false;
    await Promise.all(this.#callers);
  }

  async #run(caller: number): Promise<void> {
    for (let turn = 0; this.#running; turn += 1) {
      const playerId = `c${caller}-p${Math.floor(Math.random() * PLAYERS_EACH)}-${turn >> 6}`;
      const server = this.servers[Math.floor(Math.random() * this.servers.length)] ?? 0;
      const result = await this.#submit(server, playerId);
      const readers: (0 | 1)[] = result.ranked ? [server, server === 0 ? 1 : 0] : [server];
      const reachable = readers.filter((reader) => this.servers.includes(reader));
      await Promise.all(reachable.map((reader) => this.#read(reader, playerId, result)));
      // The links run in this process too.
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  async #submit(server: 0 | 1, playerId: string): Promise<ScoreResult> {
    const item = {
      leaderboardId: this.#leaderboardId,
      playerId,
      submissionId: randomUUID(),
      score: 1 + Math.floor(Math.random() * 9),
      newLeaderboard: { aggregation: 'SUM' as const },
    };
    const result = await untilAnswered(() =>
      this.#clients[server].scores.submit(item, { deadlineMs: DEADLINE_MS }),
    );
    const before = this.#expected.get(playerId);
    this.#expected.set(playerId, {
      score: (before?.score ?? 0) + item.score,
      submissions: (before?.submissions ?? 0) + 1,
    });
    this.acknowledged.push({ ...item, result });
    if (result.ranked) this.ranked[server] += 1;
    if (result.ranked && !result.replayed) this.#checkPrevious(before, result);
    this.#waiting = this.#waiting.filter(({ count, resolve }) => {
      if (this.acknowledged.length < count) return true;
      resolve();
      return false;
    });
    return result;
  }

  #checkPrevious(before: Expected | undefined, result: ScoreResult): void {
    const { previousRank, previousScore } = result;
    if (
      previousScore !== before?.score ||
      (previousRank === undefined) !== (before === undefined)
    ) {
      this.violations.push(
        `before were ${JSON.stringify(before)}, and told were rank ${previousRank}, score ${previousScore}`,
      );
    }
  }

  async #read(server: 0 | 1, playerId: string, { ranked, revision }: ScoreResult): Promise<void> {
    this.#reads += 1;
    const { score, submissions } = this.#expected.get(playerId) as Expected;
    const read = () =>
      this.#clients[server].standings.get(
        { leaderboardId: this.#leaderboardId, playerId },
        { deadlineMs: DEADLINE_MS },
      );
    const found = await untilAnswered(read).catch((error: unknown) => String(error));
    if (
      typeof found === 'string' ||
      found.standing.score !== score ||
      found.standing.submissionCount !== submissions
    ) {
      const told =
        typeof found === 'string' ? found : `${found.standing.score}, r${found.revision}`;
      this.violations.push(
        `${'AB'[server]} told of ${playerId} ${told}; acknowledged ${score}, ranked ${ranked}, r${revision}`,
      );
    }
  }
}

async function untilAnswered<T>(call: () => Promise<T>): Promise<T> {
  const giveUpAt = performance.now() + DEADLINE_MS;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      const passes =
        error instanceof RostrumError &&
        ['UNAVAILABLE', 'DEADLINE_EXCEEDED', 'RESOURCE_EXHAUSTED'].includes(error.code);
      if (!passes || performance.now() > giveUpAt) throw error;
    }
  }
}
