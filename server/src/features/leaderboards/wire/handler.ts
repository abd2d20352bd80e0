import { FairSlots } from '../../../domain/fair-slots.js';
import { parseLeaderboardId } from '../../../domain/ids.js';
import type { LeaderboardServiceServer } from '../../../gen/rostrum/v1/leaderboard.js';
import { unary } from '../../../transport/unary.js';
import { parsePageSize } from '../../../wire/page-size.js';
import type { LeaderboardService } from '../service.js';
import { parseCreate, toLeaderboardMessage } from './leaderboard-conversion.js';
import { parseUpdate } from './update-conversion.js';

export { LeaderboardServiceService as leaderboardServiceDefinition } from '../../../gen/rostrum/v1/leaderboard.js';

/** Calls that are at the store of record at the same time; the others take turns by identity. */
const CONCURRENT = 4;

/** `rostrum.v1.LeaderboardService`. */
export function leaderboardService(leaderboards: LeaderboardService): LeaderboardServiceServer {
  const turns = new FairSlots(CONCURRENT);
  return {
    createLeaderboard: unary(async (request, { connection }) => {
      const { leaderboardId, config } = parseCreate(request);
      const leaderboard = await turns.run(connection, () =>
        leaderboards.create(leaderboardId, config),
      );
      return { leaderboard: toLeaderboardMessage(leaderboard) };
    }),

    getLeaderboard: unary(async (request, { connection }) => {
      const leaderboardId = parseLeaderboardId(request.leaderboardId);
      const leaderboard = await turns.run(connection, () => leaderboards.get(leaderboardId));
      return { leaderboard: toLeaderboardMessage(leaderboard) };
    }),

    listLeaderboards: unary(async (request, { connection }) => {
      const pageSize = parsePageSize(request.pageSize);
      const page = await turns.run(connection, () =>
        leaderboards.list(pageSize, request.pageToken),
      );
      return {
        leaderboards: page.leaderboards.map(toLeaderboardMessage),
        nextPageToken: page.nextPageToken,
      };
    }),

    updateLeaderboard: unary(async (request, { connection }) => {
      const { leaderboardId, patch } = parseUpdate(request);
      const leaderboard = await turns.run(connection, () =>
        leaderboards.update(leaderboardId, patch),
      );
      return { leaderboard: toLeaderboardMessage(leaderboard) };
    }),

    deleteLeaderboard: unary(async (request, { connection }) => {
      const leaderboardId = parseLeaderboardId(request.leaderboardId);
      await turns.run(connection, () => leaderboards.delete(leaderboardId));
      return {};
    }),
  };
}
