import { keysOf, requireKnownKeys } from '../errors/require-known-keys.js';
import { requireType } from '../errors/require-type.js';
import { RostrumError } from '../errors/rostrum-error.js';
import { LeaderboardServiceService as methods } from '../gen/rostrum/v1/leaderboard.js';
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

export interface ListLeaderboardsRequest {
  /** How many a page: 1 to 1,000. Default: 50. */
  readonly pageSize?: number | undefined;
  /** `nextPageToken` of the page before. Default: the first page. */
  readonly pageToken?: string | undefined;
}

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
   * `get` whether it exists.
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

  /** Reads one leaderboard's configuration. @throws LEADERBOARD_NOT_FOUND */
  async get(leaderboardId: string, options?: CallOptions): Promise<Leaderboard> {
    requireType('string', leaderboardId, 'leaderboard_id');
    const response = await callUnary(
      this.#connection,
      methods.getLeaderboard,
      { leaderboardId },
      'freely',
      options,
    );
    return fromLeaderboardMessage(response.leaderboard);
  }

  /** All leaderboards by ascending id, read page by page as the loop asks for them. */
  async *list(
    request: ListLeaderboardsRequest = {},
    options?: CallOptions,
  ): AsyncGenerator<Leaderboard, void, undefined> {
    let pageToken = request.pageToken;
    do {
      const page: LeaderboardPage = await this.listPage({ ...request, pageToken }, options);
      yield* page.leaderboards;
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
  }

  /** One page of leaderboards. @throws INVALID_FIELD, INVALID_PAGE_TOKEN */
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
      throw new RostrumError('INVALID_ARGUMENT', 'INVALID_FIELD', 'the update changes nothing', {
        fieldViolations: [{ field: 'update_mask', description: 'names no field' }],
      });
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
   * Deletes a leaderboard with all its entries and submissions.
   * @throws LEADERBOARD_NOT_FOUND, ROLE_NOT_ALLOWED
   */
  async delete(leaderboardId: string, options?: CallOptions): Promise<void> {
    requireType('string', leaderboardId, 'leaderboard_id');
    const message = { leaderboardId };
    await callUnary(this.#connection, methods.deleteLeaderboard, message, 'once', options);
  }
}
