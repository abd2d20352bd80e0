import { RostrumError } from '../errors/rostrum-error.js';
import type { ScoreItem } from './score.js';
import type { OnDuplicate } from './submit-options.js';

/** What names a submission. */
export interface SubmissionName {
  readonly leaderboardId: string;
  readonly playerId: string;
  readonly submissionId: string;
}

/** The item as the caller wants it: one that is not recorded is a failure unless told otherwise. */
export function withoutDuplicate(
  item: ScoreItem,
  name: SubmissionName,
  onDuplicate: OnDuplicate,
): ScoreItem {
  if (!item.ok || item.result.outcome !== 'DUPLICATE' || onDuplicate === 'resolve') return item;
  return { ok: false, error: idReused(name) };
}

function idReused({ leaderboardId, playerId, submissionId }: SubmissionName): RostrumError {
  const message = `the score of ${playerId} on ${leaderboardId} is not recorded: the submission id ${JSON.stringify(submissionId)} was used before for a different submission; give each submission an id of its own, or none`;
  return new RostrumError('ALREADY_EXISTS', 'SUBMISSION_ID_REUSED', message, {
    metadata: {
      leaderboard_id: leaderboardId,
      player_id: playerId,
      submission_id: submissionId,
    },
  });
}
