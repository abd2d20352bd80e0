import { RostrumError } from './rostrum-error.js';

/**
 * The error for a field that is refused before anything is sent, made as the service makes it.
 * @param field its path as the caller wrote it; empty for the request itself
 */
export function refuseField(field: string, description: string): RostrumError {
  const text = field === '' ? `the request ${description}` : `${field}: ${description}`;
  return new RostrumError('INVALID_ARGUMENT', 'INVALID_FIELD', text, {
    fieldViolations: [{ field, description }],
  });
}
