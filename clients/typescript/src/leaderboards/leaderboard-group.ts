import { refuseField } from '../errors/refuse-field.js';
import { keysOf, requireKnownKeys } from '../errors/require-known-keys.js';
import { requireType } from '../errors/require-type.js';
import { undefinedIfMissing } from '../errors/undefined-if-missing.js';
import { LeaderboardServiceService as methods } from '../gen/rostrum/v1/leaderboard.js';
import { itemsOf } from '../pages.js';
import type { CallOptions } from '../transport/call-options.js';
import type { Connection } from '../transport/connection.js';
import { callUnary } from '../transport/unary.js';
import type {
  Leaderboard,
  LeaderboardPage,
  LeaderboardUpdate,
  NewLeaderboard,
} from './leaderboard.js';
import {
  fromLeaderboardMessage,
  toLeaderboardMessage,
  toUpdateMask,
} from './leaderboard-conversion.js';

/** Which leaderboard. */
export interface GetLeaderboardRequest {
  /** `[A-Za-z0-9][A-Za-z0-9._:-]{0,127}`. */
  readonly leaderboardId: string;
}

/** Which leaderboard. */
export interface DeleteLeaderboardRequest {
  /** `[A-Za-z0-9][A-Za-z0-9._:-]{0,127}`. */
  readonly leaderboardId: string;
}

/** Which part of the list. */
export interface ListLeaderboardsRequest {
  /** How many a page: 1 to 1,000; more is lowered to that. Default: 50. */
  readonly pageSize?: number | undefined;
  /** `nextPageToken` of the page before. Default: the first page. */
  readonly pageToken?: string | undefined;
}

const ONE_LEADERBOARD = keysOf<GetLeaderboardRequest>({ leaderboardId: true });
const LIST_LEADERBOARDS = keysOf<ListLeaderboardsRequest>({ pageSize: true, pageToken: true });

/**
 * Manages the configuration of leaderboards. None need be created: the first submission to an
 * unknown id creates it.
 */
export class LeaderboardGroup {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /**
   * Creates a leaderboard. Not repeated when the connection is lost before the answer: look with
   * `find` whether it exists.
   * @throws INVALID_FIELD, LEADERBOARD_ALREADY_EXISTS, NOT_SUPPORTED, ROLE_NOT_ALLOWED
   */
  async create(board: NewLeaderboard, options?: CallOptions): Promise<Leaderboard> {
    const message = { leaderboard: toLeaderboardMessage(board) };
    const response = await callUnary(
      this.#connection,
      methods.createLeaderboard,
      message,
      'once',
      options,
    );
    return fromLeaderboardMessage(response.leaderboard);
  }

  /**
   * Reads one leaderboard's configuration.
   * @throws INVALID_FIELD, LEADERBOARD_NOT_FOUND, STORE_UNAVAILABLE
   */
  async get(request: GetLeaderboardRequest, options?: CallOptions): Promise<Leaderboard> {
    const leaderboardId = toLeaderboardId(request);
    const response = await callUnary(
      this.#connection,
      methods.getLeaderboard,
      { leaderboardId },
      'freely',
      options,
    );
    return fromLeaderboardMessage(response.leaderboard);
  }

  /** As `get`; undefined where there is no such leaderboard. @throws INVALID_FIELD, STORE_UNAVAILABLE */
  find(request: GetLeaderboardRequest, options?: CallOptions): Promise<Leaderboard | undefined> {
    return undefinedIfMissing(this.get(request, options), 'LEADERBOARD_NOT_FOUND');
  }

  /**
   * All leaderboards by ascending id, read page by page as the loop asks for them. The call options
   * hold for each page.
   * @throws as `listPage`
   */
  async *list(
    request: ListLeaderboardsRequest = {},
    options?: CallOptions,
  ): AsyncGenerator<Leaderboard, void, undefined> {
    requireKnownKeys(LIST_LEADERBOARDS, request);
    const readPage = (pageToken: string | undefined): Promise<LeaderboardPage> =>
      this.listPage({ ...request, pageToken }, options);
    yield* itemsOf(request.pageToken, readPage, ({ leaderboards }) => leaderboards);
  }

  /** Reads one page of leaderboards. @throws INVALID_FIELD, INVALID_PAGE_TOKEN, STORE_UNAVAILABLE */
  async listPage(
    request: ListLeaderboardsRequest = {},
    options?: CallOptions,
  ): Promise<LeaderboardPage> {
    requireKnownKeys(LIST_LEADERBOARDS, request);
    const { leaderboards, nextPageToken } = await callUnary(
      this.#connection,
      methods.listLeaderboards,
      { pageSize: request.pageSize ?? 0, pageToken: request.pageToken ?? '' },
      'freely',
      options,
    );
    return { leaderboards: leaderboards.map(fromLeaderboardMessage), nextPageToken };
  }

  /**
   * Changes the fields that are present. Order and aggregation can change while there are no entries.
   * @throws INVALID_FIELD, LEADERBOARD_NOT_FOUND, LEADERBOARD_NOT_EMPTY, NOT_SUPPORTED,
   * ROLE_NOT_ALLOWED
   */
  async update(update: LeaderboardUpdate, options?: CallOptions): Promise<Leaderboard> {
    const leaderboard = toLeaderboardMessage(update);
    const updateMask = toUpdateMask(update);
    if (updateMask.length === 0) {
      throw refuseField('', 'changes nothing: name a setting besides leaderboardId');
    }
    const message = { leaderboard, updateMask };
    const response = await callUnary(
      this.#connection,
      methods.updateLeaderboard,
      message,
      'once',
      options,
    );
    return fromLeaderboardMessage(response.leaderboard);
  }

  /**
   * Deletes a leaderboard with all its entries and submissions. Not repeated when the connection is
   * lost before the answer.
   * @throws INVALID_FIELD, LEADERBOARD_NOT_FOUND, STORE_UNAVAILABLE, ROLE_NOT_ALLOWED
   */
  async delete(request: DeleteLeaderboardRequest, options?: CallOptions): Promise<void> {
    const message = { leaderboardId: toLeaderboardId(request) };
    await callUnary(this.#connection, methods.deleteLeaderboard, message, 'once', options);
  }
}

function toLeaderboardId(request: GetLeaderboardRequest | DeleteLeaderboardRequest): string {
  requireKnownKeys(ONE_LEADERBOARD, request);
  requireType('string', request.leaderboardId, 'leaderboardId');
  return request.leaderboardId;
}
