import { displayNameProblem } from '../../../domain/display-name.js';
import { invalidField, notSupported } from '../../../domain/errors.js';
import { type LeaderboardId, parseLeaderboardId } from '../../../domain/ids.js';
import { metadataToJson } from '../../../domain/metadata.js';
import {
  type CreateLeaderboardRequest,
  type Leaderboard as LeaderboardMessage,
  RankMethod,
  TieBreak,
} from '../../../gen/rostrum/v1/leaderboard.js';
import { parseSettings, unknownValue } from '../../../wire/settings-conversion.js';
import { toTimestamp } from '../../../wire/time.js';
import type { Leaderboard, LeaderboardConfig } from '../ports.js';

const MAX_NAME_CHARACTERS = 128;
const MAX_METADATA_BYTES = 4096;

/** Where the leaderboard stands in requests to create and to change one. */
const PATH = 'leaderboard';

/** @throws INVALID_FIELD, NOT_SUPPORTED */
export function parseCreate({ leaderboard }: CreateLeaderboardRequest): {
  leaderboardId: LeaderboardId;
  config: LeaderboardConfig;
} {
  const message = requireLeaderboard(leaderboard);
  const leaderboardId = parseLeaderboardId(message.leaderboardId, `${PATH}.leaderboard_id`);
  const config = {
    displayName: parseDisplayName(message.displayName),
    settings: parseSettings(message, PATH),
    metadata: parseMetadata(message.metadata),
  };
  refusePlanned(message);
  return { leaderboardId, config };
}

/** @throws INVALID_FIELD if it is absent */
export function requireLeaderboard(message: LeaderboardMessage | undefined): LeaderboardMessage {
  if (message === undefined) throw invalidField(PATH, 'is missing');
  return message;
}

/** @throws INVALID_FIELD */
export function parseDisplayName(name: string): string {
  const problem = name === '' ? undefined : displayNameProblem(name, MAX_NAME_CHARACTERS);
  if (problem !== undefined) throw invalidField(`${PATH}.display_name`, problem);
  return name;
}

/** JSON; null if there is none. @throws INVALID_FIELD */
export function parseMetadata(metadata: LeaderboardMessage['metadata']): string | null {
  if (metadata === undefined) return null;
  const result = metadataToJson(metadata, MAX_METADATA_BYTES);
  if ('problem' in result) throw invalidField(`${PATH}.metadata`, result.problem);
  return result.json;
}

type Planned = Pick<
  LeaderboardMessage,
  'tieBreak' | 'rankMethod' | 'segmentKeys' | 'resetSchedule' | 'timeZone'
>;

/** Refuses every value that would need what is only planned. @throws INVALID_FIELD, NOT_SUPPORTED */
export function refusePlanned(message: Planned): void {
  refuseTieBreak(message.tieBreak);
  refuseRankMethod(message.rankMethod);
  // Tools that fill in every field send an empty key; it counts as absent.
  if (message.segmentKeys.some((key) => key !== '')) refuse('segment_keys', 'segments are');
  if (message.resetSchedule !== '') refuse('reset_schedule', 'seasons that end by themselves are');
  if (message.timeZone !== '') refuse('time_zone', 'seasons that end by themselves are');
}

function refuseTieBreak(value: TieBreak): void {
  switch (value) {
    case TieBreak.TIE_BREAK_UNSPECIFIED:
    case TieBreak.TIE_BREAK_FIRST:
      return;
    case TieBreak.TIE_BREAK_LAST:
      refuse('tie_break', 'LAST is');
      return;
    default:
      throw unknownValue(`${PATH}.tie_break`, value);
  }
}

function refuseRankMethod(value: RankMethod): void {
  switch (value) {
    case RankMethod.RANK_METHOD_UNSPECIFIED:
    case RankMethod.RANK_METHOD_ORDINAL:
      return;
    case RankMethod.RANK_METHOD_COMPETITION:
    case RankMethod.RANK_METHOD_DENSE:
      refuse('rank_method', 'COMPETITION and DENSE are');
      return;
    default:
      throw unknownValue(`${PATH}.rank_method`, value);
  }
}

function refuse(field: string, what: string): never {
  throw notSupported(`${PATH}.${field}`, `${what} planned and not supported yet`);
}

/** The leaderboard as callers see it, with every default filled in. */
export function toLeaderboardMessage(leaderboard: Leaderboard): LeaderboardMessage {
  const { settings, metadata } = leaderboard;
  return {
    leaderboardId: leaderboard.leaderboardId,
    displayName: leaderboard.displayName,
    // The numbers of these settings are those of the contract.
    sortOrder: settings.sortOrder,
    subscoreSortOrder: settings.subscoreSortOrder,
    aggregation: settings.aggregation,
    tieBreak: TieBreak.TIE_BREAK_FIRST,
    rankMethod: RankMethod.RANK_METHOD_ORDINAL,
    segmentKeys: [],
    resetSchedule: '',
    timeZone: '',
    metadata: metadata === null ? undefined : (JSON.parse(metadata) as Record<string, unknown>),
    createTime: toTimestamp(leaderboard.createUs),
    updateTime: toTimestamp(leaderboard.updateUs),
  };
}
