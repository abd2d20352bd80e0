import { setTimeout as delay } from 'node:timers/promises';
import type { ChangesMessage, RostrumClient, StandingsView } from '@rostrum/client';
import { describe, expect, it } from 'vitest';
import { randomTraffic } from '../model/random-traffic.js';
import { ALL_SETTINGS, TEST_SCALE } from '../model/sequences.js';
import { AppliedView, FeedReplay, partOf } from '../model/watched-ranking.js';
import { useTestService } from '../support/test-service.ts';

const CLIENTS = 4;
const CALLS = Math.ceil(60 * TEST_SCALE);

const service = useTestService({ servers: 2 });

function connect(server: number): RostrumClient {
  return service.client('writer', service.servers[server]);
}

const VIEWS: readonly StandingsView[] = [
  { top: 5 },
  { top: 1000 },
  { around: 'p3', count: 1 },
  { around: 'p3', count: 6 },
  { around: 'p7', count: 1000 },
  { players: ['p1', 'p2', 'p3', 'nobody', 'p29'] },
];

/** Watches a view until told to stop; `cut` breaks it off and resumes it by token, here and there. */
async function follow(
  clients: readonly RostrumClient[],
  leaderboardId: string,
  view: StandingsView,
  minIntervalMs: number,
  stop: AbortSignal,
  cutEveryMs: number | undefined,
): Promise<AppliedView> {
  const applied = new AppliedView();
  for (let time = 0; !stop.aborted; time += 1) {
    const cut = AbortSignal.timeout(cutEveryMs ?? 2 ** 30);
    const client = clients[time % clients.length] as RostrumClient;
    const { resumeToken } = applied;
    try {
      const request = { leaderboardId, view, minIntervalMs, resumeToken };
      const signal = AbortSignal.any([stop, cut]);
      for await (const event of client.watch.standings(request, { signal })) applied.take(event);
    } catch (error) {
      if (!stop.aborted && !cut.aborted) throw error;
    }
    if (!stop.aborted) await delay(time % 3 === 0 ? 60 : 0);
  }
  return applied;
}

/** The same for the feed; its messages come to `take`. */
async function followFeed(
  clients: readonly RostrumClient[],
  leaderboardId: string,
  firstToken: string,
  stop: AbortSignal,
  take: (message: ChangesMessage) => void,
): Promise<void> {
  let resumeToken = firstToken;
  for (let time = 0; !stop.aborted; time += 1) {
    const cut = AbortSignal.timeout(100);
    const client = clients[time % clients.length] as RostrumClient;
    try {
      const signal = AbortSignal.any([stop, cut]);
      for await (const message of client.watch.changes(
        { leaderboardId, resumeToken },
        { signal },
      )) {
        take(message);
        resumeToken = message.resumeToken;
      }
    } catch (error) {
      if (!stop.aborted && !cut.aborted) throw error;
    }
  }
}

/** The place in the feed from which on every change is told. */
async function startOfFeed(client: RostrumClient, leaderboardId: string): Promise<string> {
  for await (const { resumeToken } of client.watch.changes({ leaderboardId })) return resumeToken;
  throw new Error('the feed ended');
}

describe('while clients submit to two servers', () => {
  it.each(ALL_SETTINGS.filter((_, index) => index % 4 !== 2 || TEST_SCALE > 1))(
    'watches show what the feed and lists show at each revision: $aggregation, $sortOrder, $subscoreSortOrder',
    async (settings) => {
      const leaderboardId = `watched-${Object.values(settings).join('-')}`;
      const clients = [connect(0), connect(1)];
      const [a] = clients as [RostrumClient, RostrumClient];
      const stop = new AbortController();
      try {
        const first = { leaderboardId, playerId: 'p0', score: 1, newLeaderboard: settings };
        await a.scores.submit(first);
        const token = await startOfFeed(a, leaderboardId);
        const replay = new FeedReplay(
          await a.standings.listPage({ leaderboardId, pageSize: 1000 }),
        );
        const reached = (revision: number) =>
          expect.poll(() => replay.revision, { timeout: 15_000 }).toBeGreaterThanOrEqual(revision);
        const feed = followFeed(clients, leaderboardId, token, stop.signal, (message) =>
          replay.take(message),
        );
        const follows = VIEWS.flatMap((view, n) => [
          follow(clients, leaderboardId, view, 10, stop.signal, undefined),
          follow(clients.toReversed(), leaderboardId, view, 20, stop.signal, 70 + 30 * n),
        ]);

        const lists: Awaited<ReturnType<RostrumClient['standings']['listPage']>>[] = [];
        const seed = Math.floor(Math.random() * 2 ** 31);
        console.info(`seed ${seed}`);
        await Promise.all(
          Array.from({ length: CLIENTS }, (_, n) => {
            const client = clients[n % 2] as RostrumClient;
            return randomTraffic({
              ...{ client, leaderboardId, settings, seed: seed + n, players: 30, calls: CALLS },
              sharedIds: ['shared-1', 'shared-2', 'shared-3'],
              onCall: async () => {
                lists.push(await client.standings.listPage({ leaderboardId, pageSize: 1000 }));
              },
            });
          }),
        );
        const last = await a.standings.listPage({ leaderboardId, pageSize: 1000 });
        lists.push(last);
        await reached(last.revision);
        // Longer than any interval here: everything that changed is told.
        await delay(300);
        stop.abort();
        await feed;
        expect(replay.violations).toEqual([]);
        expect(replay.revisions.length).toBeGreaterThan(CLIENTS * CALLS);

        for (const list of lists) {
          expect(list.standings).toEqual(replay.at(list.revision));
          expect(list.totalPlayers).toBe(list.standings.length);
        }
        for (const [n, following] of follows.entries()) {
          const view = VIEWS[n >> 1] as StandingsView;
          const applied = await following;
          expect(applied.violations).toEqual([]);
          expect(applied.states.length).toBeGreaterThan(1);
          for (const { revision, standings } of applied.states) {
            expect(standings).toEqual(partOf(view, replay.at(revision) ?? []));
          }
          expect(applied.states.at(-1)?.standings).toEqual(partOf(view, last.standings));
        }
      } finally {
        stop.abort();
        await Promise.all(clients.map((client) => client.close()));
      }
    },
  );
});
