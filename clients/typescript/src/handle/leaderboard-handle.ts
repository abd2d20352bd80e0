import { requireId } from '../errors/require-id.js';
import { requireType } from '../errors/require-type.js';
import type { Leaderboard, RankingRules } from '../leaderboards/leaderboard.js';
import { toRankingRules } from '../leaderboards/leaderboard-conversion.js';
import type { LeaderboardGroup } from '../leaderboards/leaderboard-group.js';
import type { RankingSelector } from '../ranking/ranking-selector.js';
import type {
  PlayerScore,
  ScoreItem,
  ScoreResult,
  ScoreSubmission,
  SubmittedScore,
} from '../scores/score.js';
import type { ScoreGroup } from '../scores/score-group.js';
import { ScoreStream, type StreamTarget } from '../scores/score-stream.js';
import {
  DEFAULT_GIVE_UP_MS,
  type ScoreStreamOptions,
  type SubmitAllOptions,
} from '../scores/score-stream-options.js';
import { submitAll } from '../scores/submit-all.js';
import type { SubmitOptions } from '../scores/submit-options.js';
import type { Standing, StandingList, StandingPage } from '../standings/standing.js';
import type {
  AroundStandingsRequest,
  BatchGetStandingsRequest,
  GetStandingRequest,
  ListStandingsRequest,
  PlayerStanding,
  StandingBatch,
  StandingGroup,
  TopStandingsRequest,
} from '../standings/standing-group.js';
import type { CallOptions } from '../transport/call-options.js';
import type { Connection } from '../transport/connection.js';
import { LiveView } from '../watch/live-view.js';
import type {
  ChangesMessage,
  LiveViewRequest,
  StandingsEvent,
  WatchChangesRequest,
  WatchOptions,
  WatchStandingsRequest,
} from '../watch/watch.js';
import { requireLiveView, type WatchGroup } from '../watch/watch-group.js';
import { RulesCheck } from './rules-check.js';

/** A request of a group, without the leaderboard that its handle knows. */
export type OnLeaderboard<Request> = Request extends unknown
  ? Omit<Request, keyof RankingSelector>
  : never;

/** The groups of the client that a handle uses. */
export interface HandledGroups {
  readonly leaderboards: LeaderboardGroup;
  readonly scores: ScoreGroup;
  readonly standings: StandingGroup;
  readonly watch: WatchGroup;
}

/**
 * One leaderboard, so that calls do not repeat it. Its methods are those of the client's groups, and
 * take and answer the same but for the `leaderboardId`. It needs no closing.
 *
 * With rules, the first submission creates the leaderboard with them; one that exists is read once,
 * at the first use, and every call rejects with LEADERBOARD_RULES_DIFFER while it contradicts them.
 */
export class LeaderboardHandle {
  /** What all its calls are about. */
  readonly leaderboardId: string;
  /** As given; what they do not name is the service's default, or as the leaderboard has it. */
  readonly rules: RankingRules;
  readonly #connection: Connection;
  readonly #groups: HandledGroups;
  readonly #check: RulesCheck;
  /** Undefined where there are no rules to create it with. */
  readonly #newLeaderboard: RankingRules | undefined;

  /** Made by `client.leaderboard`. */
  constructor(
    connection: Connection,
    groups: HandledGroups,
    leaderboardId: string,
    rules: RankingRules,
  ) {
    requireId(leaderboardId, 'leaderboardId');
    toRankingRules(rules, 'rules');
    this.leaderboardId = leaderboardId;
    this.rules = { ...rules };
    this.#connection = connection;
    this.#groups = groups;
    this.#check = new RulesCheck(groups.leaderboards, leaderboardId, this.rules);
    this.#newLeaderboard = this.#check.agreed ? undefined : this.rules;
  }

  /**
   * Reads the leaderboard and compares its rules now, as at the start of a server, rather than at
   * the first use. Undefined while it does not exist.
   * @throws LEADERBOARD_RULES_DIFFER, INVALID_FIELD, STORE_UNAVAILABLE
   */
  check(options?: CallOptions): Promise<Leaderboard | undefined> {
    return this.#check.compare(options);
  }

  /** Submits one score, as `client.scores.submit`. @throws as that, and LEADERBOARD_RULES_DIFFER */
  async submit(score: PlayerScore, options?: SubmitOptions): Promise<ScoreResult> {
    return this.#groups.scores.submit(this.#toSubmission(score), await this.#agree(options));
  }

  /**
   * Submits any number of scores and gives an item for each, as `client.scores.batchSubmit`.
   * @throws as that, and LEADERBOARD_RULES_DIFFER
   */
  async batchSubmit(scores: readonly PlayerScore[], options?: SubmitOptions): Promise<ScoreItem[]> {
    requireType('array', scores, 'submissions');
    const submissions = scores.map(this.#toSubmission);
    return this.#groups.scores.batchSubmit(submissions, await this.#agree(options));
  }

  /**
   * Submits all that an iterable gives, and gives an item for each, as `client.scores.submitAll`.
   * @throws as that, and LEADERBOARD_RULES_DIFFER
   */
  async *submitAll(
    scores: Iterable<PlayerScore> | AsyncIterable<PlayerScore>,
    options: SubmitAllOptions = {},
  ): AsyncGenerator<SubmittedScore<PlayerScore>, void, undefined> {
    yield* submitAll(this.#connection, scores, options, this.#target(options));
  }

  /** Opens a stream for many scores, as `client.scores.stream`. @throws INVALID_OPTIONS */
  stream(options: ScoreStreamOptions<PlayerScore> = {}): ScoreStream<PlayerScore> {
    return new ScoreStream(this.#connection, options, this.#target(options));
  }

  /** Reads the first players, as `client.standings.top`. @throws as that */
  async top(
    request: OnLeaderboard<TopStandingsRequest> = {},
    options?: CallOptions,
  ): Promise<StandingList> {
    return this.#groups.standings.top(this.#on(request), await this.#agree(options));
  }

  /** All standings from the top, as `client.standings.list`. @throws as that */
  async *list(
    request: OnLeaderboard<ListStandingsRequest> = {},
    options?: CallOptions,
  ): AsyncGenerator<Standing, void, undefined> {
    await this.#agree(options);
    yield* this.#groups.standings.list(this.#on(request), options);
  }

  /** Reads one page from the top, as `client.standings.listPage`. @throws as that */
  async listPage(
    request: OnLeaderboard<ListStandingsRequest> = {},
    options?: CallOptions,
  ): Promise<StandingPage> {
    return this.#groups.standings.listPage(this.#on(request), await this.#agree(options));
  }

  /** Reads the standing of one player, as `client.standings.get`. @throws as that */
  async get(
    request: OnLeaderboard<GetStandingRequest>,
    options?: CallOptions,
  ): Promise<PlayerStanding> {
    return this.#groups.standings.get(this.#on(request), await this.#agree(options));
  }

  /**
   * As `get`; undefined for a player who has no standing yet, as `client.standings.find`.
   * @throws as that
   */
  async find(
    request: OnLeaderboard<GetStandingRequest>,
    options?: CallOptions,
  ): Promise<PlayerStanding | undefined> {
    return this.#groups.standings.find(this.#on(request), await this.#agree(options));
  }

  /**
   * Reads the standings of some players, ranked among each other, as `client.standings.batchGet`.
   * @throws as that
   */
  async batchGet(
    request: OnLeaderboard<BatchGetStandingsRequest>,
    options?: CallOptions,
  ): Promise<StandingBatch> {
    return this.#groups.standings.batchGet(this.#on(request), await this.#agree(options));
  }

  /** Reads the standings around a player or a score, as `client.standings.around`. @throws as that */
  async around(
    request: OnLeaderboard<AroundStandingsRequest>,
    options?: CallOptions,
  ): Promise<StandingList> {
    const whole = this.#on(request) as AroundStandingsRequest;
    return this.#groups.standings.around(whole, await this.#agree(options));
  }

  /**
   * Keeps a view of the leaderboard current, as `client.watch.liveView`. Default: the top 10.
   * @throws as that
   */
  watch(request: OnLeaderboard<LiveViewRequest> = {}, options: WatchOptions = {}): LiveView {
    const whole = this.#on(request);
    requireLiveView(whole, options);
    const events = (own: WatchOptions) => this.#standingsEvents(whole, own);
    return new LiveView(this.#connection, events, options);
  }

  /** Watches every change of the leaderboard, as `client.watch.changes`. @throws as that */
  async *changes(
    request: OnLeaderboard<WatchChangesRequest> = {},
    options: WatchOptions = {},
  ): AsyncGenerator<ChangesMessage, void, undefined> {
    await this.#agree({ signal: options.signal });
    yield* this.#groups.watch.changes(this.#on(request), options);
  }

  async *#standingsEvents(
    request: WatchStandingsRequest,
    options: WatchOptions,
  ): AsyncGenerator<StandingsEvent, void, undefined> {
    await this.#agree({ signal: options.signal });
    yield* this.#groups.watch.standings(request, options);
  }

  /** The request with the leaderboard. What is no object is refused by the call itself. */
  #on<Request extends object>(request: Request): Request & RankingSelector {
    const { leaderboardId } = this;
    return (isObject(request) ? { leaderboardId, ...request } : request) as Request &
      RankingSelector;
  }

  readonly #toSubmission = (score: PlayerScore): ScoreSubmission => {
    const submission: ScoreSubmission = this.#on(score);
    if (!this.#newLeaderboard || !isObject(score)) return submission;
    return { newLeaderboard: this.#newLeaderboard, ...submission };
  };

  #target({ giveUpAfterMs, signal }: SubmitAllOptions): StreamTarget<PlayerScore> {
    const deadlineMs = giveUpAfterMs ?? DEFAULT_GIVE_UP_MS;
    const ready = () => this.#check.compare({ deadlineMs, signal });
    return { toSubmission: this.#toSubmission, ready: this.#check.agreed ? undefined : ready };
  }

  /** Compares the rules if that was not done yet. What is left of the deadline is for the call. */
  async #agree<Options extends CallOptions>(
    options: Options | undefined,
  ): Promise<Options | undefined> {
    if (this.#check.agreed) return options;
    const start = Date.now();
    await this.#check.compare({ deadlineMs: options?.deadlineMs, signal: options?.signal });
    if (options?.deadlineMs === undefined) return options;
    return { ...options, deadlineMs: options.deadlineMs - (Date.now() - start) };
  }
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
