import { keysOf } from '../errors/require-known-keys.js';
import { requireStrings, requireType } from '../errors/require-type.js';
import { StandingServiceService as methods } from '../gen/rostrum/v1/standing.js';
import type { RankingSelector } from '../ranking/ranking-selector.js';
import { toRankingFields } from '../ranking/ranking-selector-conversion.js';
import type { CallOptions } from '../transport/call-options.js';
import type { Connection } from '../transport/connection.js';
import { callUnary } from '../transport/unary.js';
import type { RelativeStanding, Standing, StandingList, StandingPage } from './standing.js';
import { fromRequiredStanding } from './standing-conversion.js';

export interface ListStandingsRequest extends RankingSelector {
  /** How many to return: 1 to 1,000. Default: 50. */
  readonly pageSize?: number | undefined;
  /** `nextPageToken` of the page before. Default: the first page. */
  readonly pageToken?: string | undefined;
  /** The rank to start at, from 1; ignored with a `pageToken`. Default: 1. */
  readonly startRank?: number | undefined;
}

export interface GetStandingRequest extends RankingSelector {
  readonly playerId: string;
}

export interface BatchGetStandingsRequest extends RankingSelector {
  /** 1 to 1,000 players; repeated ids count once. */
  readonly playerIds: readonly string[];
}

/** Around a player with an entry, or around the place that a new player's score would take. */
export type AroundStandingsRequest = RankingSelector & {
  /** How many: 1 to 1,000, the player included. Default: 21. */
  readonly count?: number | undefined;
} & (
    | { readonly playerId: string; readonly score?: undefined }
    | { readonly score: number; readonly playerId?: undefined }
  );

/** The standing of one player. */
export interface PlayerStanding {
  readonly standing: Standing;
  readonly totalPlayers: number;
  readonly revision: number;
}

/** The standings of some players among each other. */
export interface StandingBatch {
  /** Best first. */
  readonly standings: readonly RelativeStanding[];
  /** The players who have no entry, in the order asked for. */
  readonly missingPlayerIds: readonly string[];
  readonly totalPlayers: number;
  readonly revision: number;
}

const LIST_STANDINGS = keysOf<ListStandingsRequest>({
  leaderboardId: true,
  seasonId: true,
  segment: true,
  pageSize: true,
  pageToken: true,
  startRank: true,
});
const GET_STANDING = keysOf<GetStandingRequest>({
  leaderboardId: true,
  seasonId: true,
  segment: true,
  playerId: true,
});
const BATCH_GET_STANDINGS = keysOf<BatchGetStandingsRequest>({
  leaderboardId: true,
  seasonId: true,
  segment: true,
  playerIds: true,
});
const AROUND_STANDINGS = keysOf<AroundStandingsRequest>({
  leaderboardId: true,
  seasonId: true,
  segment: true,
  playerId: true,
  score: true,
  count: true,
});

/** Reads rankings. Answers are exact and include every score acknowledged before the call. */
export class StandingGroup {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /**
   * Lists one page from the top, or from any rank.
   * @throws INVALID_FIELD, INVALID_PAGE_TOKEN, LEADERBOARD_NOT_FOUND, STORE_UNAVAILABLE, OVERLOADED
   */
  async list(request: ListStandingsRequest, options?: CallOptions): Promise<StandingPage> {
    const message = {
      ...toRankingFields(request, LIST_STANDINGS),
      pageSize: request.pageSize ?? 0,
      pageToken: request.pageToken ?? '',
      startRank: request.startRank ?? 0,
    };
    return callUnary(this.#connection, methods.listStandings, message, 'freely', options);
  }

  /**
   * Reads page after page as they are asked for. Each page is read at its own moment: players who
   * move in between may be seen twice or not at all. The call options hold for each page.
   */
  async *pages(
    request: ListStandingsRequest,
    options?: CallOptions,
  ): AsyncGenerator<StandingPage, void, undefined> {
    let pageToken = request.pageToken;
    do {
      const page: StandingPage = await this.list({ ...request, pageToken }, options);
      yield page;
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
  }

  /** Reads the standing of one player. @throws as `list`, and STANDING_NOT_FOUND */
  async get(request: GetStandingRequest, options?: CallOptions): Promise<PlayerStanding> {
    const ranking = toRankingFields(request, GET_STANDING);
    requireType('string', request.playerId, 'player_id');
    const message = { ...ranking, playerId: request.playerId };
    const response = await callUnary(
      this.#connection,
      methods.getStanding,
      message,
      'freely',
      options,
    );
    return { ...response, standing: fromRequiredStanding(response.standing) };
  }

  /** Reads the standings of some players, such as friends, ranked among each other. @throws as `list` */
  async batchGet(request: BatchGetStandingsRequest, options?: CallOptions): Promise<StandingBatch> {
    const ranking = toRankingFields(request, BATCH_GET_STANDINGS);
    requireStrings(request.playerIds, 'player_ids');
    const message = { ...ranking, playerIds: [...request.playerIds] };
    const response = await callUnary(
      this.#connection,
      methods.batchGetStandings,
      message,
      'freely',
      options,
    );
    const standings = response.standings.map(({ standing, relativeRank }) => ({
      ...fromRequiredStanding(standing),
      relativeRank,
    }));
    return { ...response, standings };
  }

  /**
   * Lists the standings around a player or a score; near an end of the ranking the window moves, so
   * that it is full wherever the ranking has that many players.
   * @throws as `list`, and STANDING_NOT_FOUND for a player without an entry
   */
  async around(request: AroundStandingsRequest, options?: CallOptions): Promise<StandingList> {
    const ranking = toRankingFields(request, AROUND_STANDINGS);
    if (request.playerId === undefined) requireType('number', request.score, 'score');
    else requireType('string', request.playerId, 'player_id');
    const message = {
      ...ranking,
      anchor:
        request.playerId === undefined
          ? ({ $case: 'score', value: request.score } as const)
          : ({ $case: 'playerId', value: request.playerId } as const),
      count: request.count ?? 0,
    };
    return callUnary(this.#connection, methods.listStandingsAround, message, 'freely', options);
  }
}
