import type { RostrumClient, Standing } from '@rostrum/client';
import { beforeAll, describe, expect, it } from 'vitest';
import type { BoardSettings } from '../model/naive-board.js';
import { type Answered, randomTraffic } from '../model/random-traffic.js';
import { replayLog } from '../model/replayed-log.js';
import { ALL_SETTINGS, TEST_SCALE } from '../model/sequences.js';
import { useTestService } from '../support/test-service.ts';

const PLAYERS = 40;
const CALLS = Math.ceil(40 * TEST_SCALE);

const service = useTestService();

// Lanes record side by side within one process, too.
beforeAll(async () => {
  await service.startServer({ ROSTRUM_WRITE_LANES: '3' });
});

function connect(server: number): RostrumClient {
  return service.client('admin', service.servers[server]);
}

describe.each([
  ['one server', [0, 0, 0, 0, 0]],
  ['two servers', [0, 1, 0, 1, 0, 1]],
])('clients that submit at the same time to %s', (name, assignment) => {
  it.each(ALL_SETTINGS.filter((_, index) => index % 2 === 0 || TEST_SCALE > 1))(
    'are all told what the log adds up to: $aggregation, $sortOrder, $subscoreSortOrder',
    async (settings) => {
      const leaderboardId = `${name}-${Object.values(settings).join('-')}`.replaceAll(' ', '-');
      const seed = Math.floor(Math.random() * 2 ** 31);
      const clients = assignment.map(connect);
      try {
        const sharedIds = Array.from({ length: 20 }, (_, n) => `shared-${n}`);
        const answered = await Promise.all(
          clients.map((client, n) =>
            randomTraffic({
              client,
              leaderboardId,
              settings,
              seed: seed + n,
              players: PLAYERS,
              calls: CALLS,
              sharedIds,
            }),
          ),
        );
        await compare(leaderboardId, settings, answered, clients, new Set(assignment).size > 1);
      } catch (error) {
        console.error(`seed ${seed}`);
        throw error;
      } finally {
        await Promise.all(clients.map((client) => client.close()));
      }
    },
  );
});

async function compare(
  leaderboardId: string,
  settings: BoardSettings,
  answered: readonly Answered[][],
  clients: readonly RostrumClient[],
  mayOvertake: boolean,
): Promise<void> {
  const replay = await replayLog(service.databaseUrl, leaderboardId, settings);
  expect(replay.disagreements).toEqual([]);
  const fresh = new Map<string, number>();
  for (const { item, result } of answered.flat()) {
    const key = `${item.playerId} ${item.submissionId}`;
    const recorded = replay.outcomes.get(key);
    // With several servers, another may have brought a later one of the player into the index first:
    // then the rank before is not known.
    if (!mayOvertake) expect(result.ranked).toBe(true);
    if (result.outcome === 'DUPLICATE') {
      expect(recorded).toBeDefined();
      continue;
    }
    expect({ outcome: result.outcome, previousScore: result.previousScore }).toEqual(recorded);
    if (!result.replayed) fresh.set(key, (fresh.get(key) ?? 0) + 1);
  }
  // Of all who sent a submission, exactly one was told that it was new.
  expect(fresh.size).toBe(replay.outcomes.size);
  expect([...fresh.values()].filter((times) => times !== 1)).toEqual([]);

  for (const client of clients) {
    const { standings, totalPlayers, revision } = await client.standings.listPage({
      leaderboardId,
      pageSize: 1000,
    });
    expect(revision).toBeGreaterThan(0);
    expect(totalPlayers).toBe(replay.standings.length);
    expect(standings.map(comparable)).toEqual(replay.standings);
  }
  for await (const progress of (clients[0] as RostrumClient).admin.verify({ leaderboardId })) {
    expect(progress.differences).toEqual([]);
  }
}

function comparable(standing: Standing) {
  const { achievedTime: _, updateTime: __, submissionCount, ...rest } = standing;
  return { ...rest, submissions: submissionCount };
}
