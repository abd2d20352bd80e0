import { randomUUID } from 'node:crypto';
import { Enumeration } from '../enumeration.js';
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
import { requireJsonObject } from '../json.js';
import { toRankingRules } from '../leaderboards/leaderboard-conversion.js';
import { fromRequiredStanding } from '../standings/standing-conversion.js';
import type { ScoreItem, ScoreResult, ScoreSubmission } from './score.js';

const OUTCOMES = new Enumeration({
  APPLIED: Outcome.OUTCOME_APPLIED,
  NOT_IMPROVED: Outcome.OUTCOME_NOT_IMPROVED,
  STALE: Outcome.OUTCOME_STALE,
  DUPLICATE: Outcome.OUTCOME_DUPLICATE,
});

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
 * @param path where the submission stands in the request; empty if it is the request
 * @throws INVALID_FIELD for a value that is not of its type, or a key that is not known
 */
export function toSubmissionMessage(
  submission: ScoreSubmission,
  path = '',
): ScoreSubmissionMessage {
  requireKnownKeys(SUBMISSION, submission, path);
  const { leaderboardId, playerId, score, submissionId = '', displayName = '' } = submission;
  const { subscore = 0, clientTime, metadata, newLeaderboard } = submission;
  const prefix = path === '' ? '' : `${path}.`;
  requireType('string', leaderboardId, `${prefix}leaderboardId`);
  requireType('string', playerId, `${prefix}playerId`);
  requireType('number', score, `${prefix}score`);
  requireType('number', subscore, `${prefix}subscore`);
  requireType('string', submissionId, `${prefix}submissionId`);
  requireType('string', displayName, `${prefix}displayName`);
  if (clientTime !== undefined) requireType('Date', clientTime, `${prefix}clientTime`);
  if (metadata !== undefined) requireJsonObject(metadata, `${prefix}metadata`);
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
    newLeaderboard: newLeaderboard && toRankingRules(newLeaderboard, `${prefix}newLeaderboard`),
  };
}

export function fromResultMessage(message: ScoreResultMessage | undefined): ScoreResult {
  if (!message) throw missing();
  return {
    outcome: OUTCOMES.toName(message.outcome),
    standing: fromRequiredStanding(message.standing),
    previousRank: message.previousRank,
    previousScore: message.previousScore,
    ranked: message.ranked,
    revision: message.revision,
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
