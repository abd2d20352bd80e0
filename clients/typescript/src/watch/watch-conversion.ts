import { keysOf, requireKnownKeys } from '../errors/require-known-keys.js';
import { requireStrings, requireType } from '../errors/require-type.js';
import {
  RankChange_Kind,
  type RankChange as RankChangeMessage,
  type StandingsSnapshot,
  type WatchChangesRequest as WatchChangesRequestMessage,
  type WatchChangesResponse,
  type WatchStandingsRequest as WatchStandingsRequestMessage,
  type WatchStandingsResponse,
} from '../gen/rostrum/v1/watch.js';
import { toRankingFields } from '../ranking/ranking-selector-conversion.js';
import { fromStandingMessage } from '../standings/standing-conversion.js';
import type { RankChange } from './rank-change.js';
import type {
  ChangesMessage,
  StandingsEvent,
  StandingsView,
  WatchChangesRequest,
  WatchStandingsRequest,
} from './watch.js';

const WATCH_STANDINGS = keysOf<WatchStandingsRequest>({
  leaderboardId: true,
  view: true,
  minIntervalMs: true,
  resumeToken: true,
});
const WATCH_CHANGES = keysOf<WatchChangesRequest>({
  leaderboardId: true,
  resumeToken: true,
  playerIds: true,
});

/** The keys of each kind of view. */
const VIEWS = {
  top: keysOf<{ top: number }>({ top: true }),
  around: keysOf<{ around: string; count: number }>({ around: true, count: true }),
  players: keysOf<{ players: readonly string[] }>({ players: true }),
};
const ANY_VIEW = keysOf<StandingsView>({ top: true, around: true, count: true, players: true });

/** @throws INVALID_FIELD for a wrong type, or a key that is not known */
export function toWatchStandingsMessage(
  request: WatchStandingsRequest,
  resumeToken: string,
): WatchStandingsRequestMessage {
  return {
    ...toRankingFields(request, WATCH_STANDINGS),
    view: toView(request.view),
    minInterval: toDuration(request.minIntervalMs),
    resumeToken,
  };
}

/** @throws INVALID_FIELD for a wrong type, or a key that is not known */
export function toWatchChangesMessage(
  request: WatchChangesRequest,
  resumeToken: string,
): WatchChangesRequestMessage {
  const ranking = toRankingFields(request, WATCH_CHANGES);
  requireStrings(request.playerIds ?? [], 'playerIds');
  return { ...ranking, resumeToken, playerIds: [...(request.playerIds ?? [])] };
}

export function fromWatchStandingsMessage(message: WatchStandingsResponse): StandingsEvent {
  const { event, revision, resumeToken } = message;
  switch (event?.$case) {
    case 'snapshot': {
      const { totalPlayers, reset } = event.value;
      const standings = event.value.standings.map(fromStandingMessage);
      const places = placesOf(event.value);
      return { type: 'snapshot', standings, places, totalPlayers, reset, revision, resumeToken };
    }
    case 'changes': {
      const { changes, totalPlayers } = event.value;
      return {
        type: 'changes',
        changes: changes.map(fromRankChange),
        totalPlayers,
        revision,
        resumeToken,
      };
    }
    default:
      return { type: 'checkpoint', revision, resumeToken };
  }
}

export function fromWatchChangesMessage(message: WatchChangesResponse): ChangesMessage {
  return { ...message, changes: message.changes.map(fromRankChange) };
}

function toView(view: WatchStandingsRequest['view']): WatchStandingsRequestMessage['view'] {
  if (view === undefined) return undefined;
  requireKnownKeys(ANY_VIEW, view, 'view');
  if ('top' in view) {
    requireKnownKeys(VIEWS.top, view, 'view');
    return { $case: 'top', value: { count: view.top } };
  }
  if ('around' in view) {
    requireKnownKeys(VIEWS.around, view, 'view');
    requireType('string', view.around, 'view.around');
    return { $case: 'around', value: { playerId: view.around, count: view.count ?? 0 } };
  }
  requireKnownKeys(VIEWS.players, view, 'view');
  requireStrings(view.players, 'view.players');
  return { $case: 'players', value: { playerIds: [...view.players] } };
}

function toDuration(ms: number | undefined): WatchStandingsRequestMessage['minInterval'] {
  if (ms === undefined) return undefined;
  const seconds = Math.trunc(ms / 1_000);
  return { seconds, nanos: Math.round((ms - seconds * 1_000) * 1e6) };
}

/** The place of each standing. Those that are not told follow the last one that is. */
function placesOf({ places, standings }: StandingsSnapshot): readonly number[] | undefined {
  const last = places.length - 1;
  if (last < 0) return undefined;
  return standings.map((_, index) => places[index] ?? (places[last] as number) + index - last);
}

function fromRankChange(message: RankChangeMessage): RankChange {
  const { playerId, revision, place } = message;
  const before = {
    previousRank: message.previousRank ?? 0,
    previousScore: message.previousScore ?? 0,
  };
  if (!message.standing) return { kind: 'LEFT', playerId, revision, ...before };
  const standing = fromStandingMessage(message.standing);
  switch (message.kind) {
    case RankChange_Kind.KIND_ENTERED:
      return { kind: 'ENTERED', playerId, revision, standing, place };
    case RankChange_Kind.KIND_MOVED:
      return { kind: 'MOVED', playerId, revision, standing, place, ...before };
    default:
      // A kind that only a newer server knows still says where the player stands now.
      return { kind: 'UPDATED', playerId, revision, standing, place, ...before };
  }
}
