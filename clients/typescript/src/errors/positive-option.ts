import { invalidOptions } from './rostrum-error.js';

/** The value of an option that must be greater than 0 if it is given. @throws INVALID_OPTIONS */
export function positiveOption(name: string, value: number | undefined): number | undefined {
  if (value === undefined || (typeof value === 'number' && value > 0)) return value;
  throw invalidOptions(`${name} must be a number greater than 0`);
}
