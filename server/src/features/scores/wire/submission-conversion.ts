import { displayNameProblem } from '../../../domain/display-name.js';
import {
  type FieldViolation,
  invalidField,
  invalidFields,
  notSupported,
  type RostrumError,
} from '../../../domain/errors.js';
import {
  describe,
  ID_RULE,
  isId,
  type LeaderboardId,
  type PlayerId,
  type SubmissionId,
} from '../../../domain/ids.js';
import { DEFAULT_SETTINGS, type LeaderboardSettings } from '../../../domain/leaderboard.js';
import { metadataToJson } from '../../../domain/metadata.js';
import { isScore, SCORE_RULE } from '../../../domain/score.js';
import type { ScoreSubmission } from '../../../gen/rostrum/v1/score.js';
import { parseSettings } from '../../../wire/settings-conversion.js';
import type { Submission } from '../ports.js';

const MAX_METADATA_BYTES = 1024;
const MAX_NAME_CHARACTERS = 64;
const MAX_AHEAD_MS = 5 * 60 * 1000;

/** A submission that passed validation, not yet bound to a board. */
export interface ParsedSubmission extends Omit<Submission, 'board' | 'rankings' | 'submissionId'> {
  readonly leaderboardId: LeaderboardId;
  /** Undefined if none was given. */
  readonly submissionId: SubmissionId | undefined;
  /** Settings of the leaderboard if this submission creates it. */
  readonly settings: LeaderboardSettings;
}

/**
 * Checks a submission from outside.
 *
 * @param path where it stands in the request, such as `submission`
 * @param nowMs the service's clock
 * @throws INVALID_FIELD (naming every refused field), CLIENT_TIME_IN_FUTURE, NOT_SUPPORTED
 */
export function parseSubmission(
  submission: ScoreSubmission | undefined,
  path: string,
  nowMs: number,
): ParsedSubmission {
  if (submission === undefined) throw invalidField(path, 'is missing');
  const violations: FieldViolation[] = [];
  const refuse = (field: string, description: string): void => {
    violations.push({ field: `${path}.${field}`, description });
  };
  const { leaderboardId, playerId, submissionId, displayName } = submission;
  if (!isId(leaderboardId)) refuse('leaderboard_id', `${describe(leaderboardId)} ${ID_RULE}`);
  if (!isId(playerId)) refuse('player_id', `${describe(playerId)} ${ID_RULE}`);
  if (submissionId !== '' && !isId(submissionId)) {
    refuse('submission_id', `${describe(submissionId)} ${ID_RULE}`);
  }
  if (!isScore(submission.score)) refuse('score', `${submission.score} ${SCORE_RULE}`);
  if (!isScore(submission.subscore)) refuse('subscore', `${submission.subscore} ${SCORE_RULE}`);
  if (displayName !== '') {
    const problem = displayNameProblem(displayName, MAX_NAME_CHARACTERS);
    if (problem !== undefined) refuse('display_name', problem);
  }
  const clientUs = parseClientTime(submission.clientTime, refuse);
  const metadata = parseMetadata(submission.metadata, refuse);
  if (violations.length > 0) throw invalidFields(violations);
  if (clientUs !== null && clientUs / 1000 > nowMs + MAX_AHEAD_MS) throw inFuture(path, clientUs);
  refuseSegments(submission.segments, path);
  return {
    leaderboardId: leaderboardId as LeaderboardId,
    playerId: playerId as PlayerId,
    submissionId: submissionId === '' ? undefined : (submissionId as SubmissionId),
    // Adding 0 turns -0 into 0: the two are one score.
    score: submission.score + 0,
    subscore: submission.subscore + 0,
    clientUs,
    displayName,
    metadata,
    settings:
      submission.newLeaderboard === undefined
        ? DEFAULT_SETTINGS
        : parseSettings(submission.newLeaderboard, `${path}.new_leaderboard`),
  };
}

/** Tools that fill in every field send an empty key with an empty value; it counts as absent. */
function refuseSegments(segments: ScoreSubmission['segments'], path: string): void {
  for (const key in segments) {
    if (key === '' && segments[key] === '') continue;
    throw notSupported(`${path}.segments`, 'segments are planned and not supported yet');
  }
}

type Refuse = (field: string, description: string) => void;

/** Microseconds since 1970; null if no time was given. */
function parseClientTime(time: ScoreSubmission['clientTime'], refuse: Refuse): number | null {
  if (time === undefined) return null;
  // The last second of the year 9999, the end of google.protobuf.Timestamp.
  if (time.seconds < 0n || time.seconds > 253402300799n) {
    refuse('client_time', 'must be a time from the years 1970 to 9999');
    return null;
  }
  if (time.nanos < 0 || time.nanos > 999_999_999) {
    refuse('client_time', 'nanos must be from 0 to 999999999');
    return null;
  }
  return Number(time.seconds) * 1_000_000 + Math.floor(time.nanos / 1000);
}

function parseMetadata(metadata: ScoreSubmission['metadata'], refuse: Refuse): string | null {
  if (metadata === undefined) return null;
  const result = metadataToJson(metadata, MAX_METADATA_BYTES);
  if ('json' in result) return result.json;
  refuse('metadata', result.problem);
  return null;
}

function inFuture(path: string, clientUs: number): RostrumError {
  const time = new Date(clientUs / 1000).toISOString();
  return invalidField(
    `${path}.client_time`,
    `${time} is more than 5 minutes ahead of the service's clock; check the client's clock`,
    'CLIENT_TIME_IN_FUTURE',
  );
}
