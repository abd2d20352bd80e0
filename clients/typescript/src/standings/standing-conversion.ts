import type { Standing as StandingMessage } from '../gen/rostrum/v1/standing.js';
import type { Standing } from './standing.js';

/** The generated message has the same fields, with metadata as loosely typed JSON. */
export function fromStandingMessage(message: StandingMessage): Standing {
  return message;
}

/** For a field that the service always fills in. */
export function fromRequiredStanding(message: StandingMessage | undefined): Standing {
  if (message) return message;
  throw new TypeError('the server sent an answer without a standing');
}
