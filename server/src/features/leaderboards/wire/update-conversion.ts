import { invalidField } from '../../../domain/errors.js';
import { describe, type LeaderboardId, parseLeaderboardId } from '../../../domain/ids.js';
import { SortOrder } from '../../../domain/leaderboard.js';
import type {
  Leaderboard as LeaderboardMessage,
  UpdateLeaderboardRequest,
} from '../../../gen/rostrum/v1/leaderboard.js';
import { parseAggregation, parseSortOrder } from '../../../wire/settings-conversion.js';
import type { LeaderboardPatch } from '../ports.js';
import {
  parseDisplayName,
  parseMetadata,
  refusePlanned,
  requireLeaderboard,
} from './leaderboard-conversion.js';

/** More paths than there are fields are no honest mask. */
const MAX_PATHS = 100;

/** What to do with a field that a mask names. */
interface MaskedField {
  /** Whether an empty mask includes it. */
  isSet(message: LeaderboardMessage): boolean;
  /** @throws INVALID_FIELD, NOT_SUPPORTED */
  patch(message: LeaderboardMessage): LeaderboardPatch;
}

/** The message with only one of its planned fields; they may be named, and left at their defaults. */
const NOTHING_PLANNED = {
  tieBreak: 0,
  rankMethod: 0,
  segmentKeys: [] as string[],
  resetSchedule: '',
  timeZone: '',
};

function planned(field: keyof typeof NOTHING_PLANNED): MaskedField {
  return {
    isSet: (message) => {
      const value = message[field];
      return Array.isArray(value)
        ? value.some((each) => each !== '')
        : value !== NOTHING_PLANNED[field];
    },
    patch: (message) => {
      refusePlanned({ ...NOTHING_PLANNED, [field]: message[field] });
      return {};
    },
  };
}

/** By their names in a mask. */
const FIELDS: ReadonlyMap<string, MaskedField> = new Map<string, MaskedField>([
  [
    'display_name',
    {
      isSet: ({ displayName }) => displayName !== '',
      patch: ({ displayName }) => ({ displayName: parseDisplayName(displayName) }),
    },
  ],
  [
    'metadata',
    {
      isSet: ({ metadata }) => metadata !== undefined,
      patch: ({ metadata }) => ({ metadata: parseMetadata(metadata) }),
    },
  ],
  [
    'aggregation',
    {
      isSet: ({ aggregation }) => aggregation !== 0,
      patch: ({ aggregation }) => ({
        aggregation: parseAggregation(aggregation, 'leaderboard.aggregation'),
      }),
    },
  ],
  [
    'sort_order',
    {
      isSet: ({ sortOrder }) => sortOrder !== 0,
      patch: ({ sortOrder }) => ({
        sortOrder: parseSortOrder(sortOrder, 'leaderboard.sort_order', SortOrder.DESCENDING),
      }),
    },
  ],
  [
    'subscore_sort_order',
    {
      isSet: ({ subscoreSortOrder }) => subscoreSortOrder !== 0,
      patch: ({ subscoreSortOrder }) => ({
        subscoreSortOrder: parseSortOrder(
          subscoreSortOrder,
          'leaderboard.subscore_sort_order',
          'asSortOrder',
        ),
      }),
    },
  ],
  ['tie_break', planned('tieBreak')],
  ['rank_method', planned('rankMethod')],
  ['segment_keys', planned('segmentKeys')],
  ['reset_schedule', planned('resetSchedule')],
  ['time_zone', planned('timeZone')],
]);

const UNCHANGEABLE: ReadonlyMap<string, string> = new Map([
  ['leaderboard_id', 'cannot change'],
  ['create_time', 'is output only'],
  ['update_time', 'is output only'],
]);

/** @throws INVALID_FIELD, NOT_SUPPORTED */
export function parseUpdate({ leaderboard, updateMask }: UpdateLeaderboardRequest): {
  leaderboardId: LeaderboardId;
  patch: LeaderboardPatch;
} {
  const message = requireLeaderboard(leaderboard);
  const leaderboardId = parseLeaderboardId(message.leaderboardId, 'leaderboard.leaderboard_id');
  const fields = fieldsToChange(message, updateMask ?? []);
  const patches = fields.map((field) => field.patch(message));
  return { leaderboardId, patch: Object.assign({}, ...patches) as LeaderboardPatch };
}

function fieldsToChange(message: LeaderboardMessage, paths: readonly string[]): MaskedField[] {
  // Tools that fill in every field send an empty path; it counts as absent.
  if (paths.every((path) => path === '')) {
    return [...FIELDS.values()].filter((field) => field.isSet(message));
  }
  if (paths.length > MAX_PATHS) {
    throw invalidField(
      'update_mask',
      `has ${paths.length} paths; at most ${MAX_PATHS} are allowed`,
    );
  }
  return paths.flatMap((path, index) => {
    if (path === '') return [];
    const field = FIELDS.get(path);
    if (field !== undefined) return [field];
    const problem = UNCHANGEABLE.get(path) ?? 'is not a field of Leaderboard';
    throw invalidField(`update_mask.paths[${index}]`, `${describe(path)} ${problem}`);
  });
}
