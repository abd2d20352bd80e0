import { RostrumError } from '../errors/rostrum-error.js';
import type { Standing as StandingMessage } from '../gen/rostrum/v1/standing.js';
import type { Standing } from './standing.js';

/** For a field that the service always fills in. */
export function fromRequiredStanding(message: StandingMessage | undefined): Standing {
  if (message) return message;
  throw new RostrumError('INTERNAL', undefined, 'the server sent an answer without a standing');
}
