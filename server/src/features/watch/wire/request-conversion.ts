import { type FieldViolation, invalidField, invalidFields } from '../../../domain/errors.js';
import { describe, ID_RULE, isId, type PlayerId, parsePlayerId } from '../../../domain/ids.js';
import type { Duration } from '../../../gen/google/protobuf/duration.js';
import type { WatchChangesRequest, WatchStandingsRequest } from '../../../gen/rostrum/v1/watch.js';
import type { ViewSpec } from '../view-key.js';

const MAX_COUNT = 1000;
const DEFAULT_TOP = 10;
const DEFAULT_AROUND = 11;
const DEFAULT_INTERVAL_MS = 50;
const MIN_INTERVAL_MS = 10;
const MAX_INTERVAL_MS = 60_000;
/** The range of `google.protobuf.Duration`. */
const MAX_DURATION_SECONDS = 315_576_000_000n;
const MAX_NANOS = 999_999_999;

/** @throws INVALID_FIELD */
export function toViewSpec(view: WatchStandingsRequest['view']): ViewSpec {
  switch (view?.$case) {
    case undefined:
      return { kind: 'top', count: DEFAULT_TOP };
    case 'top':
      return { kind: 'top', count: toCount(view.value.count, DEFAULT_TOP, 'top.count') };
    case 'around': {
      const playerId = parsePlayerId(view.value.playerId, 'around.player_id');
      const count = toCount(view.value.count, DEFAULT_AROUND, 'around.count');
      return { kind: 'around', playerId, count };
    }
    case 'players': {
      const { playerIds } = view.value;
      if (playerIds.length === 0) throw invalidField('players.player_ids', 'must not be empty');
      return { kind: 'players', playerIds: toPlayerIds(playerIds, 'players.player_ids') };
    }
  }
}

/** The interval in milliseconds, 10 to 60,000. @throws INVALID_FIELD */
export function toIntervalMs(interval: Duration | undefined): number {
  if (interval === undefined) return DEFAULT_INTERVAL_MS;
  const { seconds, nanos } = interval;
  if (seconds < 0n || nanos < 0) throw invalidField('min_interval', 'must not be negative');
  if (seconds > MAX_DURATION_SECONDS || nanos > MAX_NANOS) {
    throw invalidField('min_interval', 'is not a valid duration');
  }
  if (seconds === 0n && nanos === 0) return DEFAULT_INTERVAL_MS;
  const milliseconds = Number(seconds) * 1000 + nanos / 1_000_000;
  return Math.min(MAX_INTERVAL_MS, Math.max(MIN_INTERVAL_MS, milliseconds));
}

/** The players to hear of; undefined: all. @throws INVALID_FIELD */
export function toFilter(request: WatchChangesRequest): readonly PlayerId[] | undefined {
  if (request.playerIds.length === 0) return undefined;
  return toPlayerIds(request.playerIds, 'player_ids');
}

function toCount(count: number, defaultCount: number, field: string): number {
  if (count < 0) throw invalidField(field, 'must not be negative');
  if (count > MAX_COUNT) throw invalidField(field, `must be at most ${MAX_COUNT}`);
  return count === 0 ? defaultCount : count;
}

/** Sorted and without repetition. @throws INVALID_FIELD naming each bad id, up to ten */
function toPlayerIds(ids: readonly string[], field: string): PlayerId[] {
  if (ids.length > MAX_COUNT) {
    throw invalidField(field, `has ${ids.length} ids; at most ${MAX_COUNT} are allowed`);
  }
  const violations: FieldViolation[] = [];
  for (const [index, id] of ids.entries()) {
    if (isId(id) || violations.length === 10) continue;
    violations.push({
      field: `${field}[${index}]`,
      description: `${describe(id)} ${ID_RULE}`,
    });
  }
  if (violations.length > 0) throw invalidFields(violations);
  return [...new Set(ids)].sort() as PlayerId[];
}
