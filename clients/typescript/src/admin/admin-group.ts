import { keysOf, requireKnownKeys } from '../errors/require-known-keys.js';
import { requireType } from '../errors/require-type.js';
import { AdminServiceService as methods } from '../gen/rostrum/v1/admin.js';
import type { RankingSelector } from '../ranking/ranking-selector.js';
import { RANKING, toRankingFields } from '../ranking/ranking-selector-conversion.js';
import type { CallOptions } from '../transport/call-options.js';
import type { Connection } from '../transport/connection.js';
import { readServerStreamOnce } from '../transport/server-stream.js';
import { callUnary } from '../transport/unary.js';
import type {
  PingRequest,
  PingResult,
  RebuildProgress,
  ServerStats,
  StatsRequest,
  VerifyProgress,
} from './admin.js';
import { fromStatsMessage, fromVerifyMessage } from './admin-conversion.js';

const PING = keysOf<PingRequest>({ payload: true });
const STATS = keysOf<StatsRequest>({});

/** Looks after a server. Needs the role admin, except for `ping`. */
export class AdminGroup {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Asks for an answer without work, of any role. @throws INVALID_FIELD, IDENTITY_MISSING */
  async ping(request: PingRequest = {}, options?: CallOptions): Promise<PingResult> {
    requireKnownKeys(PING, request);
    const { payload = '' } = request;
    requireType('string', payload, 'payload');
    const start = performance.now();
    const response = await callUnary(
      this.#connection,
      methods.ping,
      { payload },
      'freely',
      options,
    );
    return { ...response, roundTripMs: performance.now() - start };
  }

  /**
   * What the server process that answers is doing. There is nothing to ask for yet: give `{}` before
   * options.
   * @throws ROLE_NOT_ALLOWED
   */
  async stats(request: StatsRequest = {}, options?: CallOptions): Promise<ServerStats> {
    requireKnownKeys(STATS, request);
    return fromStatsMessage(
      await callUnary(this.#connection, methods.getServerStats, {}, 'freely', options),
    );
  }

  /**
   * Compares the index of a ranking with the store of record. The last message has `done`. Without
   * a deadline unless one is given; not begun again when the connection is lost.
   * @throws LEADERBOARD_NOT_FOUND, STORE_UNAVAILABLE, ROLE_NOT_ALLOWED
   */
  async *verify(
    ranking: RankingSelector,
    options?: CallOptions,
  ): AsyncGenerator<VerifyProgress, void, undefined> {
    const messages = readServerStreamOnce(
      this.#connection,
      methods.verifyLeaderboard,
      toRankingFields(ranking, RANKING),
      options,
    );
    for await (const message of messages) yield fromVerifyMessage(message);
  }

  /** Builds the index of a ranking anew; reads stay correct meanwhile. Otherwise as `verify`. */
  async *rebuild(
    ranking: RankingSelector,
    options?: CallOptions,
  ): AsyncGenerator<RebuildProgress, void, undefined> {
    yield* readServerStreamOnce(
      this.#connection,
      methods.rebuildLeaderboard,
      toRankingFields(ranking, RANKING),
      options,
    );
  }
}
