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
  PATH,
  PLANNED_FIELDS,
  parseDisplayName,
  parseMetadata,
  requireLeaderboard,
} from './leaderboard-conversion.js';

/** No honest mask has more paths than there are fields. */
const MAX_PATHS = 100;

/** A field that a mask may name. */
interface MaskedField {
  /** Whether an empty mask includes it. */
  isSet(message: LeaderboardMessage): boolean;
  /** @throws INVALID_FIELD, NOT_SUPPORTED */
  patch(message: LeaderboardMessage): LeaderboardPatch;
}

function changeable<Key extends keyof LeaderboardMessage & keyof LeaderboardPatch>(
  key: Key,
  parse: (value: LeaderboardMessage[Key]) => LeaderboardPatch[Key],
): MaskedField {
  return {
    isSet: (message) => Boolean(message[key]),
    patch: (message) => ({ [key]: parse(message[key]) }),
  };
}

/** Such a field may be named, and left at its default. */
function planned(refuse: (message: LeaderboardMessage) => void): MaskedField {
  return {
    isSet: () => true,
    patch(message) {
      refuse(message);
      return {};
    },
  };
}

/** By their names in a mask. */
const FIELDS: ReadonlyMap<string, MaskedField> = new Map([
  ['display_name', changeable('displayName', parseDisplayName)],
  ['metadata', changeable('metadata', parseMetadata)],
  [
    'aggregation',
    changeable('aggregation', (value) => parseAggregation(value, `${PATH}.aggregation`)),
  ],
  [
    'sort_order',
    changeable('sortOrder', (value) =>
      parseSortOrder(value, `${PATH}.sort_order`, SortOrder.DESCENDING),
    ),
  ],
  [
    'subscore_sort_order',
    changeable('subscoreSortOrder', (value) =>
      parseSortOrder(value, `${PATH}.subscore_sort_order`, 'asSortOrder'),
    ),
  ],
  ...Object.entries(PLANNED_FIELDS).map(([name, refuse]) => [name, planned(refuse)] as const),
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
  const leaderboardId = parseLeaderboardId(message.leaderboardId, `${PATH}.leaderboard_id`);
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
