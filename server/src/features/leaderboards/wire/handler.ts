import { FairSlots } from '../../../domain/fair-slots.js';
import { parseLeaderboardId } from '../../../domain/ids.js';
import type { LeaderboardServiceServer } from '../../../gen/rostrum/v1/leaderboard.js';
import { unary } from '../../../transport/unary.js';
import { parsePageSize } from '../../../wire/page-size.js';
import type { LeaderboardService } from '../service.js';
import { parseCreate, toLeaderboardMessage } from './leaderboard-conversion.js';
import { parseUpdate } from './update-conversion.js';

export { LeaderboardServiceService as leaderboardServiceDefinition } from '../../../gen/rostrum/v1/leaderboard.js';

/** Calls in progress at the same time; the others wait, and identities take turns. */
const CONCURRENT = 4;

/** `rostrum.v1.LeaderboardService`. */
export function leaderboardService(leaderboards: LeaderboardService): LeaderboardServiceServer {
  const turns = new FairSlots(CONCURRENT);
  const inTurn = <Req, Res>(run: (request: Req) => Promise<NoInfer<Res>>) =>
    unary<Req, Res>((request, { connection }) => turns.run(connection, () => run(request)));

  return {
    createLeaderboard: inTurn(async (request) => {
      const { leaderboardId, config } = parseCreate(request);
      const leaderboard = await leaderboards.create(leaderboardId, config);
      return { leaderboard: toLeaderboardMessage(leaderboard) };
    }),

    getLeaderboard: inTurn(async (request) => {
      const leaderboard = await leaderboards.get(parseLeaderboardId(request.leaderboardId));
      return { leaderboard: toLeaderboardMessage(leaderboard) };
    }),

    listLeaderboards: inTurn(async (request) => {
      const pageSize = parsePageSize(request.pageSize);
      const page = await leaderboards.list(pageSize, request.pageToken);
      return {
        leaderboards: page.leaderboards.map(toLeaderboardMessage),
        nextPageToken: page.nextPageToken,
      };
    }),

    updateLeaderboard: inTurn(async (request) => {
      const { leaderboardId, patch } = parseUpdate(request);
      const leaderboard = await leaderboards.update(leaderboardId, patch);
      return { leaderboard: toLeaderboardMessage(leaderboard) };
    }),

    deleteLeaderboard: inTurn(async (request) => {
      await leaderboards.delete(parseLeaderboardId(request.leaderboardId));
      return {};
    }),
  };
}
