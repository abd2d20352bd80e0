import { RostrumError } from '../errors/rostrum-error.js';
import type { Standing as StandingMessage } from '../gen/rostrum/v1/standing.js';
import type { Standing } from './standing.js';

export function fromStandingMessage(message: StandingMessage): Standing {
  return {
    rank: message.rank,
    playerId: message.playerId,
    displayName: message.displayName,
    score: message.score,
    subscore: message.subscore,
    percentile: message.percentile,
    submissionCount: message.submissions,
    achievedTime: message.achievedTime,
    updateTime: message.updateTime,
    metadata: message.metadata,
  };
}

/** For a field that the service always fills in. */
export function fromRequiredStanding(message: StandingMessage | undefined): Standing {
  if (message) return fromStandingMessage(message);
  throw new RostrumError('INTERNAL', undefined, 'the server sent an answer without a standing');
}
