import { Enumeration } from '../enumeration.js';
import { type KnownKeys, keysOf, requireKnownKeys } from '../errors/require-known-keys.js';
import { requireType } from '../errors/require-type.js';
import { RostrumError } from '../errors/rostrum-error.js';
import {
  Aggregation,
  type Leaderboard as LeaderboardMessage,
  SortOrder,
} from '../gen/rostrum/v1/leaderboard.js';
import { requireJsonObject } from '../json.js';
import type {
  Leaderboard,
  LeaderboardUpdate,
  NewLeaderboard,
  RankingRules,
} from './leaderboard.js';

const SORT_ORDERS = new Enumeration({
  DESCENDING: SortOrder.SORT_ORDER_DESCENDING,
  ASCENDING: SortOrder.SORT_ORDER_ASCENDING,
});
const AGGREGATIONS = new Enumeration({
  BEST: Aggregation.AGGREGATION_BEST,
  LATEST: Aggregation.AGGREGATION_LATEST,
  SUM: Aggregation.AGGREGATION_SUM,
});

export function fromLeaderboardMessage(message: LeaderboardMessage | undefined): Leaderboard {
  if (!message) {
    throw new RostrumError(
      'INTERNAL',
      undefined,
      'the server sent an answer without a leaderboard',
    );
  }
  return {
    leaderboardId: message.leaderboardId,
    displayName: message.displayName,
    sortOrder: SORT_ORDERS.toName(message.sortOrder),
    subscoreSortOrder: SORT_ORDERS.toName(message.subscoreSortOrder),
    aggregation: AGGREGATIONS.toName(message.aggregation),
    metadata: message.metadata,
    createTime: message.createTime,
    updateTime: message.updateTime,
  };
}

const LEADERBOARD = keysOf<NewLeaderboard | LeaderboardUpdate>({
  leaderboardId: true,
  displayName: true,
  sortOrder: true,
  subscoreSortOrder: true,
  aggregation: true,
  metadata: true,
});

/** @throws INVALID_FIELD for a value that the types forbid, or a key that is not known */
export function toLeaderboardMessage(
  board: NewLeaderboard | LeaderboardUpdate,
): LeaderboardMessage {
  requireKnownKeys(LEADERBOARD, board);
  requireType('string', board.leaderboardId, 'leaderboardId');
  requireType('string', board.displayName ?? '', 'displayName');
  if (board.metadata !== undefined) requireJsonObject(board.metadata, 'metadata');
  return {
    leaderboardId: board.leaderboardId,
    displayName: board.displayName ?? '',
    ...toRules(board, ''),
    tieBreak: 0,
    rankMethod: 0,
    segmentKeys: [],
    resetSchedule: '',
    timeZone: '',
    metadata: board.metadata,
    createTime: undefined,
    updateTime: undefined,
  };
}

const RULES: KnownKeys = keysOf<RankingRules>({
  sortOrder: true,
  subscoreSortOrder: true,
  aggregation: true,
});

/**
 * The settings that also a submission can choose for the leaderboard that it creates.
 * @param path where they stand in the request
 * @throws INVALID_FIELD for a value that the types forbid, or a key that is not known
 */
export function toRankingRules(
  rules: RankingRules,
  path: string,
): Pick<LeaderboardMessage, keyof RankingRules> {
  requireKnownKeys(RULES, rules, path);
  return toRules(rules, `${path}.`);
}

function toRules(
  { sortOrder, subscoreSortOrder, aggregation }: RankingRules,
  prefix: string,
): Pick<LeaderboardMessage, keyof RankingRules> {
  return {
    sortOrder: SORT_ORDERS.toNumber(sortOrder, `${prefix}sortOrder`),
    subscoreSortOrder: SORT_ORDERS.toNumber(subscoreSortOrder, `${prefix}subscoreSortOrder`),
    aggregation: AGGREGATIONS.toNumber(aggregation, `${prefix}aggregation`),
  };
}

const MASK_PATHS = {
  displayName: 'display_name',
  sortOrder: 'sort_order',
  subscoreSortOrder: 'subscore_sort_order',
  aggregation: 'aggregation',
  metadata: 'metadata',
} as const satisfies Record<Exclude<keyof LeaderboardUpdate, 'leaderboardId'>, string>;

/** The field mask of an update: what the caller named, even where the value is the default. */
export function toUpdateMask(update: LeaderboardUpdate): string[] {
  const keys = Object.keys(MASK_PATHS) as (keyof typeof MASK_PATHS)[];
  return keys.filter((key) => update[key] !== undefined).map((key) => MASK_PATHS[key]);
}
