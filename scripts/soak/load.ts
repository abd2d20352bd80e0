import { setTimeout as delay } from 'node:timers/promises';
import type { RostrumClient } from '@rostrum/client';

export const BOARDS = 5;
const PLAYERS = 500;
/** Each tick has some of every kind of call. */
const TICK_MS = 20;

/** The same calls again and again, at a fixed rate, on a fixed number of boards and players. */
export class SteadyLoad {
  calls = 0;
  readonly failures: unknown[] = [];
  #running = true;
  readonly #done: Promise<void>;

  constructor(client: RostrumClient) {
    this.#done = this.#run(client);
  }

  static board(n: number): string {
    return `soak-${n % BOARDS}`;
  }

  static player(n: number): string {
    return `p${n % PLAYERS}`;
  }

  async stop(): Promise<void> {
    this.#running = false;
    await this.#done;
  }

  async #run(client: RostrumClient): Promise<void> {
    for (let n = 0; n < BOARDS; n += 1) {
      await client.scores.submit({
        leaderboardId: SteadyLoad.board(n),
        playerId: SteadyLoad.player(0),
        score: 0,
        newLeaderboard: { aggregation: 'LATEST' },
      });
    }
    const stream = client.scores.stream();
    const open = new Set<Promise<unknown>>();
    for (let tick = 0; this.#running; tick += 1) {
      const leaderboardId = SteadyLoad.board(tick);
      const submission = (n: number) => ({
        leaderboardId,
        playerId: SteadyLoad.player(tick * 7 + n * 13),
        score: Math.floor(Math.random() * 1e6),
        metadata: { tick },
      });
      const playerId = SteadyLoad.player(tick);
      const calls = [
        client.scores.submit(submission(0)),
        client.scores.submit(submission(1)),
        client.scores.batchSubmit([2, 3, 4, 5].map(submission)),
        ...[6, 7, 8, 9].map((n) => stream.submit(submission(n))),
        client.standings.listPage({ leaderboardId, pageSize: 20 }),
        client.standings.around({ leaderboardId, score: 500_000, count: 21 }),
        // A player whom nobody has submitted for yet has no standing.
        client.standings.batchGet({ leaderboardId, playerIds: [playerId] }),
      ];
      for (const call of calls) {
        const counted = call.then(
          () => {
            this.calls += 1;
          },
          (error: unknown) => {
            this.failures.push(error);
          },
        );
        open.add(counted);
        void counted.finally(() => open.delete(counted));
      }
      // A server that falls behind must not be buried.
      if (open.size > 2_000) await Promise.race(open);
      await delay(TICK_MS);
    }
    await Promise.all(open);
    await stream.end();
  }
}
