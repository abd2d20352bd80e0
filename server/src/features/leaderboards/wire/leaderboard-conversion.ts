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

/** The field of requests to create and to change a leaderboard that holds it. */
export const PATH = 'leaderboard';

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
  for (const refusePlanned of Object.values(PLANNED_FIELDS)) refusePlanned(message);
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

/**
 * The fields of what is only planned, by their names in a mask. Each function refuses a value that
 * would need it. @throws INVALID_FIELD, NOT_SUPPORTED
 */
export const PLANNED_FIELDS: Readonly<Record<string, (message: LeaderboardMessage) => void>> = {
  tie_break: ({ tieBreak }) => refuseTieBreak(tieBreak),
  rank_method: ({ rankMethod }) => refuseRankMethod(rankMethod),
  segment_keys({ segmentKeys }) {
    // Tools that fill in every field send an empty key; it counts as absent.
    if (segmentKeys.some((key) => key !== '')) refuse('segment_keys', 'segments are');
  },
  reset_schedule({ resetSchedule }) {
    if (resetSchedule !== '') refuse('reset_schedule', 'seasons that end by themselves are');
  },
  time_zone({ timeZone }) {
    if (timeZone !== '') refuse('time_zone', 'seasons that end by themselves are');
  },
};

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
    // The settings have the names and numbers of the contract.
    ...settings,
    leaderboardId: leaderboard.leaderboardId,
    displayName: leaderboard.displayName,
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
