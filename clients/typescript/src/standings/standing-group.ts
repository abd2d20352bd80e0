import { refuseField } from '../errors/refuse-field.js';
import { keysOf, requireKnownKeys } from '../errors/require-known-keys.js';
import { requireStrings, requireType } from '../errors/require-type.js';
import { undefinedIfMissing } from '../errors/undefined-if-missing.js';
import { StandingServiceService as methods } from '../gen/rostrum/v1/standing.js';
import { itemsOf } from '../pages.js';
import type { RankingSelector } from '../ranking/ranking-selector.js';
import { toRankingFields } from '../ranking/ranking-selector-conversion.js';
import type { CallOptions } from '../transport/call-options.js';
import type { Connection } from '../transport/connection.js';
import { callUnary } from '../transport/unary.js';
import type { RelativeStanding, Standing, StandingList, StandingPage } from './standing.js';
import { fromRequiredStanding, fromStandingMessage } from './standing-conversion.js';

/** How much of the top. */
export interface TopStandingsRequest extends RankingSelector {
  /** How many: 1 to 1,000. Default: 10. */
  readonly count?: number | undefined;
}

/** Which part of a list. */
export interface ListStandingsRequest extends RankingSelector {
  /** How many a page: 1 to 1,000; more is lowered to that. Default: 50. */
  readonly pageSize?: number | undefined;
  /** `nextPageToken` of the page before. Default: the first page. */
  readonly pageToken?: string | undefined;
  /** The place to start at, from 1; ignored with a `pageToken`. Default: 1. */
  readonly startRank?: number | undefined;
}

/** Whose standing. */
export interface GetStandingRequest extends RankingSelector {
  /** `[A-Za-z0-9][A-Za-z0-9._:-]{0,127}`. */
  readonly playerId: string;
}

/** Whose standings. */
export interface BatchGetStandingsRequest extends RankingSelector {
  /** 1 to 1,000 players; repeated ids count once. */
  readonly playerIds: readonly string[];
}

/** Around a player with an entry, or around the place that a new player's score would take. */
export type AroundStandingsRequest = RankingSelector & {
  /** How many: 1 to 1,000, the player included; more is lowered to that. Default: 11. */
  readonly count?: number | undefined;
} & (
    | { readonly playerId: string; readonly score?: undefined }
    | { readonly score: number; readonly playerId?: undefined }
  );

/** The standing of one player. */
export interface PlayerStanding {
  /** The player's place. */
  readonly standing: Standing;
  /** How many players the ranking has. */
  readonly totalPlayers: number;
  /** Grows with every change; 0 when the answer comes from the store of record. */
  readonly revision: number;
}

/** The standings of some players among each other. */
export interface StandingBatch {
  /** Best first. */
  readonly standings: readonly RelativeStanding[];
  /** The players who have no entry, in the order asked for. */
  readonly missingPlayerIds: readonly string[];
  /** How many players the ranking has. */
  readonly totalPlayers: number;
  /** Grows with every change; 0 when the answer comes from the store of record. */
  readonly revision: number;
}

const TOP_STANDINGS = keysOf<TopStandingsRequest>({ leaderboardId: true, count: true });
const LIST_STANDINGS = keysOf<ListStandingsRequest>({
  leaderboardId: true,
  pageSize: true,
  pageToken: true,
  startRank: true,
});
const GET_STANDING = keysOf<GetStandingRequest>({
  leaderboardId: true,
  playerId: true,
});
const BATCH_GET_STANDINGS = keysOf<BatchGetStandingsRequest>({
  leaderboardId: true,
  playerIds: true,
});
const AROUND_STANDINGS = keysOf<AroundStandingsRequest>({
  leaderboardId: true,
  playerId: true,
  score: true,
  count: true,
});

/** The most standings that one answer has. */
const MAX_COUNT = 1_000;
const DEFAULT_TOP = 10;

/**
 * Reads rankings. Answers are exact and include every score acknowledged before the call.
 *
 * A leaderboard comes into being with its first score, unless `leaderboards.create` has made it. Until
 * then all but `find` reject with LEADERBOARD_NOT_FOUND: create it at deployment, and they answer that
 * it is empty.
 */
export class StandingGroup {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /**
   * Reads the first players; LEADERBOARD_NOT_FOUND before the first score (see `StandingGroup`).
   * @throws INVALID_FIELD, LEADERBOARD_NOT_FOUND, STORE_UNAVAILABLE, OVERLOADED
   */
  async top(request: TopStandingsRequest, options?: CallOptions): Promise<StandingList> {
    requireKnownKeys(TOP_STANDINGS, request);
    const { leaderboardId, count = DEFAULT_TOP } = request;
    if (!(Number.isInteger(count) && count >= 1 && count <= MAX_COUNT)) {
      throw refuseField('count', `must be a whole number from 1 to ${MAX_COUNT}, not ${count}`);
    }
    const { nextPageToken: _, ...list } = await this.listPage(
      { leaderboardId, pageSize: count },
      options,
    );
    return list;
  }

  /**
   * All standings from the top, or from any place, read page by page as the loop asks for them.
   * Each page is read at its own moment: players who move in between may be seen twice or not at
   * all. The call options hold for each page.
   * @throws as `listPage`
   */
  async *list(
    request: ListStandingsRequest,
    options?: CallOptions,
  ): AsyncGenerator<Standing, void, undefined> {
    requireKnownKeys(LIST_STANDINGS, request);
    const readPage = (pageToken: string | undefined): Promise<StandingPage> =>
      this.listPage({ ...request, pageToken }, options);
    yield* itemsOf(request.pageToken, readPage, ({ standings }) => standings);
  }

  /**
   * Reads one page from the top, or from any place; LEADERBOARD_NOT_FOUND before the first score (see
   * `StandingGroup`).
   * @throws INVALID_FIELD, INVALID_PAGE_TOKEN, LEADERBOARD_NOT_FOUND, STORE_UNAVAILABLE, OVERLOADED
   */
  async listPage(request: ListStandingsRequest, options?: CallOptions): Promise<StandingPage> {
    const message = {
      ...toRankingFields(request, LIST_STANDINGS),
      pageSize: request.pageSize ?? 0,
      pageToken: request.pageToken ?? '',
      startRank: request.startRank ?? 0,
    };
    const response = await callUnary(
      this.#connection,
      methods.listStandings,
      message,
      'freely',
      options,
    );
    return { ...response, standings: response.standings.map(fromStandingMessage) };
  }

  /**
   * Reads the standing of one player; `find` where it is no mistake that the player has none.
   * @throws INVALID_FIELD, STANDING_NOT_FOUND, LEADERBOARD_NOT_FOUND, STORE_UNAVAILABLE, OVERLOADED
   */
  async get(request: GetStandingRequest, options?: CallOptions): Promise<PlayerStanding> {
    const ranking = toRankingFields(request, GET_STANDING);
    requireType('string', request.playerId, 'playerId');
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

  /**
   * As `get`; undefined for a player who has no standing yet, also where the leaderboard does not
   * exist yet because nobody has.
   * @throws INVALID_FIELD, STORE_UNAVAILABLE, OVERLOADED
   */
  find(request: GetStandingRequest, options?: CallOptions): Promise<PlayerStanding | undefined> {
    const answer = this.get(request, options);
    return undefinedIfMissing(answer, 'STANDING_NOT_FOUND', 'LEADERBOARD_NOT_FOUND');
  }

  /**
   * Reads the standings of some players, such as friends, ranked among each other. Who has none is
   * listed apart. LEADERBOARD_NOT_FOUND before the first score (see `StandingGroup`).
   * @throws INVALID_FIELD, LEADERBOARD_NOT_FOUND, STORE_UNAVAILABLE, OVERLOADED
   */
  async batchGet(request: BatchGetStandingsRequest, options?: CallOptions): Promise<StandingBatch> {
    const ranking = toRankingFields(request, BATCH_GET_STANDINGS);
    requireStrings(request.playerIds, 'playerIds');
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
   * Reads the standings around a player or a score; near an end of the ranking the window moves, so
   * that it is full wherever the ranking has that many players. LEADERBOARD_NOT_FOUND before the first
   * score, also with a `score` (see `StandingGroup`).
   * @throws INVALID_FIELD, STANDING_NOT_FOUND for a player without a standing,
   * LEADERBOARD_NOT_FOUND, STORE_UNAVAILABLE, OVERLOADED
   */
  async around(request: AroundStandingsRequest, options?: CallOptions): Promise<StandingList> {
    const ranking = toRankingFields(request, AROUND_STANDINGS);
    if (request.playerId === undefined) requireType('number', request.score, 'score');
    else requireType('string', request.playerId, 'playerId');
    const message = {
      ...ranking,
      anchor:
        request.playerId === undefined
          ? ({ $case: 'score', value: request.score } as const)
          : ({ $case: 'playerId', value: request.playerId } as const),
      count: request.count ?? 0,
    };
    const response = await callUnary(
      this.#connection,
      methods.listStandingsAround,
      message,
      'freely',
      options,
    );
    return { ...response, standings: response.standings.map(fromStandingMessage) };
  }
}
