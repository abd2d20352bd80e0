import { afterAll, beforeAll, expect, test } from 'vitest';
import type { WatchChangesResponse } from '../../src/gen/rostrum/v1/watch.js';
import { viewAfter } from '../support/watch/recording-stream.js';
import { ScoreCaller } from '../support/watch/unary-call.js';
import {
  changesRequest,
  standingsRequest,
  WatchCall,
  watchClient,
} from '../support/watch/watch-call.js';
import { Stage } from './stage.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.start();
});

afterAll(() => stage?.stop());

/** Submits until told to stop. */
class Load {
  readonly #scores: ScoreCaller;
  readonly #callers: Promise<void>[];
  #made = 0;
  #running = true;

  constructor(scores: ScoreCaller, board: string) {
    this.#scores = scores;
    this.#callers = Array.from({ length: 8 }, () => this.#run(board));
  }

  get made(): number {
    return this.#made;
  }

  async reach(submissions: number): Promise<void> {
    while (this.#made < submissions) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  async stop(): Promise<void> {
    this.#running = false;
    await Promise.all(this.#callers);
  }

  async #run(board: string): Promise<void> {
    while (this.#running) {
      const n = ++this.#made;
      const score = ((n * 104_729) % 1000) + n / 1_000_000;
      await this.#scores.submit(board, `p${(n * 7919) % 50}`, score);
    }
  }
}

/** Between resets every revision is told once, in order, none left out. */
function expectNoGaps(messages: readonly WatchChangesResponse[]): void {
  let revision: bigint | undefined;
  for (const message of messages) {
    if (message.reset) revision = message.revision;
    revision ??= message.revision - BigInt(message.changes.length);
    for (const change of message.changes) {
      revision += 1n;
      expect(change.revision).toBe(revision);
    }
    expect(message.revision).toBe(revision);
  }
}

test.each([
  ['with its data', false],
  ['without its data', true],
])('watches outlive a Redis that is killed under load and comes back %s', async (_, wipe) => {
  const board = `watch-redis-${wipe}`;
  using scores = new ScoreCaller(stage.server.address);
  await scores.submit(board, 'p0', 0);
  const client = watchClient(stage.server.address);
  const view = new WatchCall(client.watchStandings(standingsRequest(board)));
  const feed = new WatchCall(client.watchChanges(changesRequest(board)));
  await Promise.all([view.message(), feed.message()]);

  const load = new Load(scores, board);
  await feed.until(() => feed.messages.length > 5);
  await stage.redis.kill('SIGKILL');
  await load.reach(load.made + 100);
  const before = feed.messages.length;
  await stage.redis.start({ wipe });
  await feed.until(() => feed.messages.length > before + 5);
  await load.stop();

  let answer = await scores.top(board, 10);
  // 0 while the store of record still answers.
  while (answer.revision === 0n) answer = await scores.top(board, 10);
  const rows = answer.standings.map(({ rank, playerId, score }) => `${rank} ${playerId} ${score}`);
  await feed.until(() => (feed.messages.at(-1)?.revision ?? 0n) >= answer.revision);
  await view.until(() => JSON.stringify(viewAfter(view.messages)) === JSON.stringify(rows));
  expectNoGaps(feed.messages);
  const resets = view.messages.filter(
    ({ event }) => event?.$case === 'snapshot' && event.value.reset,
  );
  if (wipe) {
    expect(resets.length).toBeGreaterThan(0);
    expect(feed.messages.filter(({ reset }) => reset).length).toBeGreaterThan(0);
  }
  expect([view.error, feed.error]).toEqual([undefined, undefined]);
  view.call.cancel();
  feed.call.cancel();
  client.close();
});
