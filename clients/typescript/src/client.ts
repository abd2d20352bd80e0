import { AdminGroup } from './admin/admin-group.js';
import { type ClientOptions, resolveOptions } from './client-options.js';
import { LeaderboardHandle } from './handle/leaderboard-handle.js';
import { HealthGroup } from './health/health-group.js';
import { waitForReady } from './health/wait-for-ready.js';
import type { RankingRules } from './leaderboards/leaderboard.js';
import { LeaderboardGroup } from './leaderboards/leaderboard-group.js';
import { ScoreGroup } from './scores/score-group.js';
import { StandingGroup } from './standings/standing-group.js';
import type { CallOptions } from './transport/call-options.js';
import { Connection } from './transport/connection.js';
import { WatchGroup } from './watch/watch-group.js';

/**
 * A client of one Rostrum service. Share one: all calls run side by side over one connection to each
 * server, and over further ones where there are more than 500 watches and score streams. Close it when done, or
 * declare it with `await using`.
 */
export class RostrumClient implements AsyncDisposable {
  /** The configuration of leaderboards: `create`, `get`, `find`, `list`, `update`, `delete`. */
  readonly leaderboards: LeaderboardGroup;
  /** Submitting: `submit`, `batchSubmit`, `submitAll`, `stream`. Needs the role writer. */
  readonly scores: ScoreGroup;
  /** Reading: `top`, `list`, `get`, `find`, `batchGet`, `around`. */
  readonly standings: StandingGroup;
  /** Following: `liveView`, `standings`, `changes`. */
  readonly watch: WatchGroup;
  /** Looking after a server: `ping`, `stats`, `verify`, `rebuild`. Needs the role admin. */
  readonly admin: AdminGroup;
  /** Whether a server serves: `check`. */
  readonly health: HealthGroup;
  readonly #connection: Connection;

  private constructor(connection: Connection) {
    this.#connection = connection;
    this.leaderboards = new LeaderboardGroup(connection);
    this.scores = new ScoreGroup(connection);
    this.standings = new StandingGroup(connection);
    this.watch = new WatchGroup(connection);
    this.admin = new AdminGroup(connection);
    this.health = new HealthGroup(connection);
  }

  /**
   * Makes a client. Reads the certificates now and connects with the first call; `waitForReady`
   * tells whether that works.
   * @throws INVALID_OPTIONS, CERTIFICATE_FILE_MISSING, CERTIFICATE_INVALID
   */
  static connect(options: ClientOptions = {}): RostrumClient {
    return new RostrumClient(new Connection(resolveOptions(options)));
  }

  /**
   * One leaderboard, so that calls do not repeat it. Nothing is sent until it is used.
   * @param leaderboardId `[A-Za-z0-9][A-Za-z0-9._:-]{0,127}`
   * @param rules what the leaderboard is created with by its first submission. One that exists and
   * contradicts them is told at the first use, by LEADERBOARD_RULES_DIFFER. Default: none, and
   * whatever there is is used as it is.
   * @throws INVALID_FIELD
   */
  leaderboard(leaderboardId: string, rules: RankingRules = {}): LeaderboardHandle {
    return new LeaderboardHandle(this.#connection, this, leaderboardId, rules);
  }

  /** `host:port` of the server; of several, all of them with commas between. */
  get address(): string {
    return this.#connection.settings.address;
  }

  /**
   * Waits until the server serves.
   * @throws CONNECTION_FAILED or SERVER_NOT_READY when the deadline passes; at once:
   * CERTIFICATE_REFUSED, IDENTITY_MISSING, CLIENT_CLOSED, the signal's reason
   */
  waitForReady(options: CallOptions = {}): Promise<void> {
    return waitForReady(this.#connection, options);
  }

  /**
   * Cancels all calls and watches, which then reject with CLIENT_CLOSED, and resolves when the
   * connection is down and every live view is `closed`. Later calls reject with CLIENT_CLOSED.
   */
  close(): Promise<void> {
    return this.#connection.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
