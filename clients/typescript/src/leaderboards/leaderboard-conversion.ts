import { enumName, enumValue } from '../enum-names.js';
import { type KnownKeys, keysOf, requireKnownKeys } from '../errors/require-known-keys.js';
import { requireType } from '../errors/require-type.js';
import { RostrumError } from '../errors/rostrum-error.js';
import {
  Aggregation,
  type Leaderboard as LeaderboardMessage,
  RankMethod,
  SortOrder,
  TieBreak,
} from '../gen/rostrum/v1/leaderboard.js';
import type { Leaderboard, LeaderboardUpdate, NewLeaderboard } from './leaderboard.js';

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
    sortOrder: enumName(SortOrder, 'SORT_ORDER_', message.sortOrder),
    subscoreSortOrder: enumName(SortOrder, 'SORT_ORDER_', message.subscoreSortOrder),
    aggregation: enumName(Aggregation, 'AGGREGATION_', message.aggregation),
    tieBreak: enumName(TieBreak, 'TIE_BREAK_', message.tieBreak),
    rankMethod: enumName(RankMethod, 'RANK_METHOD_', message.rankMethod),
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
  tieBreak: true,
  rankMethod: true,
  metadata: true,
});

/** @throws INVALID_FIELD for an id or name that is no string, or a key that is not known */
export function toLeaderboardMessage(
  board: NewLeaderboard | LeaderboardUpdate,
): LeaderboardMessage {
  requireKnownKeys(LEADERBOARD, board, 'leaderboard');
  requireType('string', board.leaderboardId, 'leaderboard.leaderboard_id');
  requireType('string', board.displayName ?? '', 'leaderboard.display_name');
  return {
    leaderboardId: board.leaderboardId,
    displayName: board.displayName ?? '',
    ...toSettings(board),
    tieBreak: enumValue(TieBreak, 'TIE_BREAK_', board.tieBreak),
    rankMethod: enumValue(RankMethod, 'RANK_METHOD_', board.rankMethod),
    segmentKeys: [],
    resetSchedule: '',
    timeZone: '',
    metadata: board.metadata,
    createTime: undefined,
    updateTime: undefined,
  };
}

type EntrySettings = Pick<NewLeaderboard, 'sortOrder' | 'subscoreSortOrder' | 'aggregation'>;

const ENTRY_SETTINGS: KnownKeys = keysOf<EntrySettings>({
  sortOrder: true,
  subscoreSortOrder: true,
  aggregation: true,
});

/**
 * The settings that also a submission can choose for the leaderboard that it creates.
 * @param path where they stand in the request
 * @throws INVALID_FIELD for a key that is not known
 */
export function toEntrySettings(
  settings: EntrySettings,
  path: string,
): Pick<LeaderboardMessage, keyof EntrySettings> {
  requireKnownKeys(ENTRY_SETTINGS, settings, path);
  return toSettings(settings);
}

function toSettings(settings: EntrySettings): Pick<LeaderboardMessage, keyof EntrySettings> {
  return {
    sortOrder: enumValue(SortOrder, 'SORT_ORDER_', settings.sortOrder) as SortOrder,
    subscoreSortOrder: enumValue(SortOrder, 'SORT_ORDER_', settings.subscoreSortOrder) as SortOrder,
    aggregation: enumValue(Aggregation, 'AGGREGATION_', settings.aggregation) as Aggregation,
  };
}

const MASK_PATHS = {
  displayName: 'display_name',
  sortOrder: 'sort_order',
  subscoreSortOrder: 'subscore_sort_order',
  aggregation: 'aggregation',
  tieBreak: 'tie_break',
  rankMethod: 'rank_method',
  metadata: 'metadata',
} as const satisfies Record<Exclude<keyof LeaderboardUpdate, 'leaderboardId'>, string>;

/** The field mask of an update: what the caller named, even where the value is the default. */
export function toUpdateMask(update: LeaderboardUpdate): string[] {
  const keys = Object.keys(MASK_PATHS) as (keyof typeof MASK_PATHS)[];
  return keys.filter((key) => update[key] !== undefined).map((key) => MASK_PATHS[key]);
}
