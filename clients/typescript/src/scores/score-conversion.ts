import { randomUUID } from 'node:crypto';
import { enumName } from '../enum-names.js';
import { errorFromStatus } from '../errors/error-conversion.js';
import { keysOf, requireKnownKeys } from '../errors/require-known-keys.js';
import { requireType } from '../errors/require-type.js';
import { RostrumError } from '../errors/rostrum-error.js';
import {
  Outcome,
  type ScoreItem as ScoreItemMessage,
  type ScoreResult as ScoreResultMessage,
  type ScoreSubmission as ScoreSubmissionMessage,
} from '../gen/rostrum/v1/score.js';
import { toEntrySettings } from '../leaderboards/leaderboard-conversion.js';
import { fromRequiredStanding } from '../standings/standing-conversion.js';
import type { ScoreItem, ScoreResult, ScoreSubmission } from './score.js';

const SUBMISSION = keysOf<ScoreSubmission>({
  leaderboardId: true,
  playerId: true,
  score: true,
  subscore: true,
  submissionId: true,
  clientTime: true,
  displayName: true,
  metadata: true,
  newLeaderboard: true,
});

/**
 * Gives the submission its id, so that every retry of the message carries the same one.
 * @param path where the submission stands in the request
 * @throws INVALID_FIELD for a value that is not of its type, or a key that is not known
 */
export function toSubmissionMessage(
  submission: ScoreSubmission,
  path = 'submission',
): ScoreSubmissionMessage {
  requireKnownKeys(SUBMISSION, submission, path);
  const { leaderboardId, playerId, score, submissionId = '', displayName = '' } = submission;
  const { subscore = 0, clientTime, metadata, newLeaderboard } = submission;
  requireType('string', leaderboardId, `${path}.leaderboard_id`);
  requireType('string', playerId, `${path}.player_id`);
  requireType('number', score, `${path}.score`);
  requireType('number', subscore, `${path}.subscore`);
  requireType('string', submissionId, `${path}.submission_id`);
  requireType('string', displayName, `${path}.display_name`);
  if (clientTime !== undefined) requireType('Date', clientTime, `${path}.client_time`);
  if (metadata !== undefined) requireType('object', metadata, `${path}.metadata`);
  return {
    leaderboardId,
    playerId,
    score,
    subscore,
    submissionId: submissionId || randomUUID(),
    clientTime,
    displayName,
    segments: {},
    metadata,
    newLeaderboard: newLeaderboard && toEntrySettings(newLeaderboard, `${path}.new_leaderboard`),
  };
}

export function fromResultMessage(message: ScoreResultMessage | undefined): ScoreResult {
  if (!message) throw missing();
  return {
    outcome: enumName(Outcome, 'OUTCOME_', message.outcome),
    standing: fromRequiredStanding(message.standing),
    previousRank: message.previousRank,
    previousScore: message.previousScore,
    ranked: message.ranked,
    revision: message.revision,
    unlockedAchievements: message.unlockedAchievements,
    replayed: message.replayed,
    totalPlayers: message.totalPlayers,
  };
}

export function fromItemMessage(message: ScoreItemMessage | undefined): ScoreItem {
  switch (message?.item?.$case) {
    case 'result':
      return { ok: true, result: fromResultMessage(message.item.value) };
    case 'error':
      return { ok: false, error: errorFromStatus(message.item.value) };
    default:
      return { ok: false, error: missing() };
  }
}

function missing(): RostrumError {
  return new RostrumError('INTERNAL', undefined, 'the server sent an answer without a result');
}
