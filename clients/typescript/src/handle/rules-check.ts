import { RostrumError } from '../errors/rostrum-error.js';
import type { Leaderboard, RankingRules } from '../leaderboards/leaderboard.js';
import type { LeaderboardGroup } from '../leaderboards/leaderboard-group.js';
import type { CallOptions } from '../transport/call-options.js';

/** Compares the rules that a handle names with those of its leaderboard, until they agreed once. */
export class RulesCheck {
  readonly #leaderboards: LeaderboardGroup;
  readonly #leaderboardId: string;
  readonly #rules: RankingRules;
  #agreed: boolean;
  #shared: Promise<Leaderboard | undefined> | undefined;

  constructor(leaderboards: LeaderboardGroup, leaderboardId: string, rules: RankingRules) {
    this.#leaderboards = leaderboards;
    this.#leaderboardId = leaderboardId;
    this.#rules = rules;
    this.#agreed = named(rules).length === 0;
  }

  /** Whether nothing need be read any more. */
  get agreed(): boolean {
    return this.#agreed;
  }

  /**
   * Reads the leaderboard; undefined where there is none, which contradicts nothing. Calls without
   * options of their own that come at the same time share one read.
   * @throws LEADERBOARD_RULES_DIFFER; as `leaderboards.find`
   */
  compare(options: CallOptions = {}): Promise<Leaderboard | undefined> {
    if (options.deadlineMs !== undefined || options.signal) return this.#compare(options);
    this.#shared ??= this.#compare(options).finally(() => {
      this.#shared = undefined;
    });
    return this.#shared;
  }

  async #compare(options: CallOptions): Promise<Leaderboard | undefined> {
    const request = { leaderboardId: this.#leaderboardId };
    const board = await this.#leaderboards.find(request, options);
    if (!board) return undefined;
    const differing = named(this.#rules).filter((rule) => board[rule] !== this.#rules[rule]);
    if (differing.length > 0) throw rulesDiffer(board, this.#rules, differing);
    this.#agreed = true;
    return board;
  }
}

/** The service's names, as all metadata has. */
const NAMES: Readonly<Record<keyof RankingRules, string>> = {
  aggregation: 'aggregation',
  sortOrder: 'sort_order',
  subscoreSortOrder: 'subscore_sort_order',
};

function named(rules: RankingRules): (keyof RankingRules)[] {
  const keys = Object.keys(rules) as (keyof RankingRules)[];
  return keys.filter((key) => rules[key] !== undefined);
}

function rulesDiffer(
  board: Leaderboard,
  rules: RankingRules,
  differing: readonly (keyof RankingRules)[],
): RostrumError {
  const { leaderboardId } = board;
  const what = differing.map((rule) => `its ${rule} is ${board[rule]}, not ${rules[rule]}`);
  const message = `the leaderboard ${leaderboardId} exists with other rules: ${what.join(', and ')}; name the rules it has, or use another id`;
  const present = Object.fromEntries(differing.map((rule) => [NAMES[rule], board[rule]]));
  return new RostrumError('FAILED_PRECONDITION', 'LEADERBOARD_RULES_DIFFER', message, {
    metadata: { leaderboard_id: leaderboardId, ...present },
  });
}
