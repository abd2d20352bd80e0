import type { RostrumError } from '../errors/rostrum-error.js';

/**
 * Whether sending a call a second time is harmless. `once`: only when the service is known not to
 * have begun it.
 */
export type Repeatable = 'freely' | 'once';

/**
 * Whether a failed call is worth another try: the least time to wait before it in milliseconds, or
 * undefined when no retry can mend it or a repetition might do it twice.
 */
export function retryWaitMs(error: RostrumError, repeatable: Repeatable): number | undefined {
  const waitMs = error.retryAfterMs ?? 0;
  switch (error.reason) {
    // The service says that it did not begin.
    case 'SHUTTING_DOWN':
    case 'OVERLOADED':
      return waitMs;
    case 'CONNECTION_FAILED':
      return repeatable === 'freely' ? waitMs : undefined;
    default:
  }
  if (repeatable === 'once') return undefined;
  if (error.code === 'UNAVAILABLE') return waitMs;
  return error.code === 'RESOURCE_EXHAUSTED' ? error.retryAfterMs : undefined;
}

/**
 * Whether an ended stream is worth opening again: as `retryWaitMs`, and also when the server ended
 * it because this client did not keep up.
 */
export function reopenWaitMs(error: RostrumError): number | undefined {
  if (error.reason === 'WATCHER_TOO_SLOW') return error.retryAfterMs ?? 0;
  return retryWaitMs(error, 'freely');
}
