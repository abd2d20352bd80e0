import { RostrumError } from '../../../domain/errors.js';
import { parsePlayerId } from '../../../domain/ids.js';
import {
  type Ranking,
  type RankingRead,
  type RankingSelector,
  type RankingView,
  rowsOf,
} from '../../../domain/ranking.js';
import type { ReadTurns } from '../../../domain/read-turns.js';
import type { StandingServiceServer } from '../../../gen/rostrum/v1/standing.js';
import type { CallContext } from '../../../transport/call-context.js';
import { unary } from '../../../transport/unary.js';
import { parsePageSize } from '../../../wire/page-size.js';
import { toSelector } from '../../../wire/ranking-selector.js';
import type { RankingDirectory } from '../../directory/ports.js';
import type { RankingReader } from '../../reads/ports.js';
import { startOfPage, tokenOfPage } from './page-token.js';
import { parseAround, parsePlayerIds, parseStartRank } from './request-conversion.js';
import {
  encodeBatchGetStandingsResponse,
  encodeGetStandingResponse,
  encodeListStandingsResponse,
} from './response-encoding.js';

export { StandingServiceService as standingServiceDefinition } from '../../../gen/rostrum/v1/standing.js';

/** `rostrum.v1.StandingService`. */
export function standingService(
  directory: RankingDirectory,
  reader: RankingReader,
  turns: ReadTurns,
): StandingServiceServer {
  const pages = new EncodedPages();

  const readInTurn = (
    context: CallContext,
    ranking: Ranking,
    read: RankingRead,
    encode: (view: RankingView) => Buffer,
  ): Promise<Buffer> => turns.read(context, rowsOf(read), () => reader.read(ranking, read), encode);

  /** Needs no promise if the ranking is known, as it nearly always is. */
  const inRanking = (
    context: CallContext,
    request: RankingSelector,
    answer: (ranking: Ranking) => Promise<Buffer>,
  ): Promise<Buffer> => {
    const ranking = directory.resolve(toSelector(request), context.connection);
    return ranking instanceof Promise ? ranking.then(answer) : answer(ranking);
  };

  return {
    listStandings: unary((request, context) => {
      const count = parsePageSize(request.pageSize);
      const firstStart = parseStartRank(request.startRank);
      return inRanking(context, request, (ranking) => {
        const start =
          request.pageToken === '' ? firstStart : startOfPage(request.pageToken, ranking.rankingNo);
        return readInTurn(context, ranking, { kind: 'range', start, count }, (view) =>
          pages.encode(view, () => {
            const end = start + view.rows.length;
            const more = view.rows.length > 0 && end < view.totalPlayers;
            return more ? tokenOfPage(ranking.rankingNo, end) : '';
          }),
        );
      });
    }),

    getStanding: unary((request, context) => {
      const playerId = parsePlayerId(request.playerId);
      return inRanking(context, request, (ranking) =>
        readInTurn(context, ranking, { kind: 'player', playerId }, (view) => {
          const row = view.rows[0];
          if (row === undefined) throw standingNotFound(ranking.leaderboardId, playerId);
          return encodeGetStandingResponse(row, view);
        }),
      );
    }),

    batchGetStandings: unary((request, context) => {
      const playerIds = parsePlayerIds(request.playerIds);
      return inRanking(context, request, (ranking) =>
        readInTurn(context, ranking, { kind: 'players', playerIds }, (view) => {
          const rows = view.rows.toSorted((a, b) => a.place - b.place);
          const found = new Set(rows.map((row) => row.playerId));
          const missing = playerIds.filter((playerId) => !found.has(playerId));
          return encodeBatchGetStandingsResponse(rows, missing, view);
        }),
      );
    }),

    listStandingsAround: unary((request, context) => {
      const read = parseAround(request);
      return inRanking(context, request, (ranking) =>
        readInTurn(context, ranking, read, (view) => {
          // A window around a player shows at least the player.
          if (read.kind === 'around' && view.rows.length === 0) {
            throw standingNotFound(ranking.leaderboardId, read.playerId);
          }
          return encodeListStandingsResponse(view);
        }),
      );
    }),
  };
}

/** Callers who ask for the same page at the same time get the same view, so it is encoded once. */
class EncodedPages {
  readonly #encoded = new WeakMap<RankingView, Buffer>();

  encode(view: RankingView, nextPageToken: () => string): Buffer {
    let encoded = this.#encoded.get(view);
    if (encoded === undefined) {
      encoded = encodeListStandingsResponse(view, nextPageToken());
      this.#encoded.set(view, encoded);
    }
    return encoded;
  }
}

function standingNotFound(leaderboardId: string, playerId: string): RostrumError {
  return new RostrumError(
    'STANDING_NOT_FOUND',
    `player ${playerId} has no entry in leaderboard ${leaderboardId}`,
    { metadata: { leaderboard_id: leaderboardId, player_id: playerId } },
  );
}
