import type { RostrumClient } from '@rostrum/client';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, it } from 'vitest';
import type { LeaderboardId, PlayerId } from '../../src/domain/ids.js';
import type { Ranking } from '../../src/domain/ranking.js';
import { Database } from '../../src/stores/postgres/database.js';
import { PostgresEntryStore } from '../../src/stores/postgres/entry-store.js';
import { PostgresRankingStore } from '../../src/stores/postgres/ranking-store.js';
import { BoardRun, type ModelStore } from '../model/board-run.js';
import { ALL_SETTINGS, leavingSequences, TEST_SCALE } from '../model/sequences.js';
import { useTestService } from '../support/test-service.ts';

const service = useTestService({ env: { ROSTRUM_WRITE_LANES: '1' } });
let client: RostrumClient;
let database: Database;
let store: ModelStore;

beforeAll(() => {
  client = service.client('writer');
  database = new Database({
    url: service.databaseUrl,
    name: 'test',
    maxConnections: 4,
    statementTimeoutMs: 10_000,
    connectTimeoutMs: 5_000,
  });
  const entries = new PostgresEntryStore(database, database);
  const rankings = new PostgresRankingStore(database, database);
  const rankingOf = async (leaderboardId: string) =>
    (await rankings.findBoard(leaderboardId as LeaderboardId))?.rankings[0] as Ranking;
  store = {
    async setRanked(leaderboardId, playerId, ranked) {
      const { rankingNo } = await rankingOf(leaderboardId);
      return (await entries.setRanked(rankingNo, playerId as PlayerId, ranked)) !== undefined;
    },
    async read(leaderboardId, reads) {
      const views = await entries.read(await rankingOf(leaderboardId), reads);
      return views.map(({ rows }) => rows.map(({ entry }) => entry.playerId));
    },
  };
});

afterAll(() => database?.close());

describe('players leave and return: the client, the feed, the store and the model agree', () => {
  // One of each aggregation.
  it.each(ALL_SETTINGS.filter((_, at) => at % 5 === 0))(
    '$aggregation, $sortOrder, $subscoreSortOrder',
    async (settings) => {
      await fc.assert(
        fc.asyncProperty(leavingSequences(30), async (steps) => {
          await new BoardRun(client, settings, store).play(steps);
        }),
        { numRuns: Math.ceil(2 * TEST_SCALE), interruptAfterTimeLimit: 40_000 * TEST_SCALE },
      );
    },
    80_000 * TEST_SCALE,
  );
});
