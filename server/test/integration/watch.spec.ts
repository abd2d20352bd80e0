import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type {
  WatchChangesResponse,
  WatchStandingsRequest,
} from '../../src/gen/rostrum/v1/watch.js';
import { useTestService } from '../support/test-service.ts';
import { viewAfter } from '../support/watch/recording-stream.js';
import { ScoreCaller } from '../support/watch/unary-call.js';
import {
  changesRequest,
  standingsRequest,
  WatchCall,
  watchClient,
} from '../support/watch/watch-call.js';

const service = useTestService();
let scores: ScoreCaller;

beforeAll(() => {
  scores = new ScoreCaller(service.server.address);
});

afterAll(() => {
  scores?.[Symbol.dispose]();
});

/** What a naive ranking shows after each change that the feed told, by revision. */
class FeedModel {
  readonly #scores: Map<string, number>;
  readonly #byRevision = new Map<number, string[]>();

  constructor(scoresBefore: Readonly<Record<string, number>>) {
    this.#scores = new Map(Object.entries(scoresBefore));
  }

  apply({ changes }: WatchChangesResponse): void {
    for (const { playerId, standing, revision } of changes) {
      if (standing === undefined) this.#scores.delete(playerId);
      else this.#scores.set(playerId, standing.score);
      this.#byRevision.set(Number(revision), this.#ranking());
    }
  }

  at(revision: bigint): string[] {
    return this.#byRevision.get(Number(revision)) ?? [];
  }

  /** Scores are all different in these tests, so that no tie rule is needed. */
  #ranking(): string[] {
    return [...this.#scores]
      .sort(([, a], [, b]) => b - a)
      .map(([id, score], i) => `${i + 1} ${id} ${score}`);
  }
}

/** Different scores, most of them improving, many of them changing places. */
async function play(board: string, players: number, submissions: number): Promise<void> {
  let made = 0;
  const caller = async () => {
    while (made < submissions) {
      const n = ++made;
      const id = `p${(n * 7919) % players}`;
      await scores.submit(board, id, ((n * 104_729) % 1000) + n / 1_000_000);
    }
  };
  await Promise.all(Array.from({ length: 16 }, caller));
}

test('every view shows at each revision what the feed of changes says, under load', async () => {
  const board = 'watch-model';
  await scores.submit(board, 'p0', 0);
  const client = watchClient(service.server.address);
  const feed = new WatchCall(client.watchChanges(changesRequest(board)));
  const first = await feed.message();
  const view = (rest: Partial<WatchStandingsRequest>) =>
    new WatchCall(
      client.watchStandings(
        standingsRequest(board, { minInterval: { seconds: 0n, nanos: 10_000_000 }, ...rest }),
      ),
    );
  const top = view({ view: { $case: 'top', value: { count: 10 } } });
  const around = view({ view: { $case: 'around', value: { playerId: 'p3', count: 5 } } });
  const friends = ['p1', 'p4', 'p9', 'nobody'];
  const players = view({ view: { $case: 'players', value: { playerIds: friends } } });
  const views = [top, around, players];
  await Promise.all(views.map((call) => call.message()));

  await play(board, 40, 1500);
  const { revision, standings } = await scores.top(board, 1000);
  await feed.until(() => (feed.messages.at(-1)?.revision ?? 0n) === revision);

  const model = new FeedModel({ p0: 0 });
  for (const message of feed.messages) model.apply(message);
  const told = feed.messages.flatMap(({ changes }) => changes.map((change) => change.revision));
  expect(told.length).toBeGreaterThan(100);
  // Each revision once, in order, none left out.
  expect(told).toEqual(told.map((_, i) => first.revision + BigInt(i) + 1n));
  expect(model.at(revision)).toEqual(
    standings.map(({ rank, playerId, score }) => `${rank} ${playerId} ${score}`),
  );

  // The last change may lie outside a view; wait until each shows what the final ranking says.
  const select = [
    (ranking: string[]) => ranking.slice(0, 10),
    (ranking: string[]) => {
      const at = ranking.findIndex((row) => row.split(' ')[1] === 'p3');
      if (at === -1) return [];
      const start = Math.max(0, Math.min(at - 2, ranking.length - 5));
      return ranking.slice(start, start + 5);
    },
    (ranking: string[]) => ranking.filter((row) => friends.includes(row.split(' ')[1] ?? '')),
  ];
  for (const [i, call] of views.entries()) {
    const pick = select[i] as (ranking: string[]) => string[];
    const final = JSON.stringify(pick(model.at(revision)));
    await call.until(() => JSON.stringify(viewAfter(call.messages)) === final);
    let compared = 0;
    for (const [n, message] of call.messages.entries()) {
      if (message.revision <= first.revision) continue;
      expect(viewAfter(call.messages.slice(0, n + 1))).toEqual(pick(model.at(message.revision)));
      compared++;
    }
    expect(compared).toBeGreaterThan(3);
    call.call.cancel();
  }
  feed.call.cancel();
  client.close();
});

test('a change is seen within 200 ms', async () => {
  const board = 'watch-latency';
  await scores.submit(board, 'a', 1);
  const client = watchClient(service.server.address);
  const call = new WatchCall(client.watchStandings(standingsRequest(board)));
  await call.message();
  const delays: number[] = [];
  for (let i = 2; i < 22; i++) {
    const start = performance.now();
    await scores.submit(board, 'a', i);
    await call.until(() => viewAfter(call.messages)[0] === `1 a ${i}`);
    delays.push(performance.now() - start);
  }
  delays.sort((a, b) => a - b);
  expect(delays[10]).toBeLessThan(200);
  call.call.cancel();
  client.close();
});

test('a watch of a leaderboard that does not exist is refused', async () => {
  const client = watchClient(service.server.address);
  const calls = [
    new WatchCall(client.watchStandings(standingsRequest('no-such-board'))),
    new WatchCall(client.watchChanges(changesRequest('no-such-board'))),
  ];
  for (const call of calls) expect((await call.ended)?.code).toBe(status.NOT_FOUND);
  client.close();
});

describe('when a server goes', () => {
  test.each(['SIGKILL', 'SIGTERM'] as const)(
    'by %s, watchers resume on another one and miss nothing',
    async (signal) => {
      const board = `watch-${signal}`;
      await scores.submit(board, 'p0', 0);
      const other = await service.startServer();
      const onOther = watchClient(other.address);
      const feed = new WatchCall(onOther.watchChanges(changesRequest(board)));
      const view = new WatchCall(onOther.watchStandings(standingsRequest(board)));
      const started = await feed.message();
      await view.message();

      const load = play(board, 20, 400);
      await feed.until(() => feed.messages.length > 5);
      if (signal === 'SIGKILL') await other.kill();
      else await other.terminate();
      expect((await feed.ended)?.code).toBe(status.UNAVAILABLE);
      expect((await view.ended)?.code).toBe(status.UNAVAILABLE);
      if (signal === 'SIGTERM') {
        const details = view.error?.metadata.get('grpc-status-details-bin')[0]?.toString();
        expect(details).toContain('SHUTTING_DOWN');
        expect(details).toContain(view.messages.at(-1)?.resumeToken);
      }
      onOther.close();

      const client = watchClient(service.server.address);
      const feedToken = feed.messages.at(-1)?.resumeToken ?? '';
      const viewToken = view.messages.at(-1)?.resumeToken ?? '';
      const feedAgain = new WatchCall(
        client.watchChanges(changesRequest(board, { resumeToken: feedToken })),
      );
      const viewAgain = new WatchCall(
        client.watchStandings(standingsRequest(board, { resumeToken: viewToken })),
      );
      await load;
      const { revision, standings } = await scores.top(board, 10);
      await feedAgain.until(() => (feedAgain.messages.at(-1)?.revision ?? 0n) === revision);
      const told = [...feed.messages, ...feedAgain.messages].flatMap(({ changes }) =>
        changes.map((change) => change.revision),
      );
      expect(told).toEqual(told.map((_, i) => started.revision + BigInt(i) + 1n));
      expect(started.revision + BigInt(told.length)).toBe(revision);

      const expected = standings.map(({ rank, playerId, score }) => `${rank} ${playerId} ${score}`);
      await viewAgain.until(
        () =>
          JSON.stringify(viewAfter([...view.messages, ...viewAgain.messages])) ===
          JSON.stringify(expected),
      );
      feedAgain.call.cancel();
      viewAgain.call.cancel();
      client.close();
    },
  );
});
