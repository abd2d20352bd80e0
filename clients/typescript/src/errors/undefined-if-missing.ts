import { type ErrorReason, isRostrumError } from './rostrum-error.js';

/** What a `find` answers: as its `get`, and undefined where that says that there is none. */
export async function undefinedIfMissing<T>(
  answer: Promise<T>,
  ...reasons: readonly ErrorReason[]
): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isRostrumError(error, ...reasons)) return undefined;
    throw error;
  }
}
