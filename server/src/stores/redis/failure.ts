import { failureReason } from '../../domain/outage.js';

/** What Redis answers if it refuses us, and in our words. */
const REFUSALS: readonly (readonly [RegExp, string])[] = [
  [/^WRONGPASS|^ERR invalid password/, 'the user or the password in REDIS_URL is wrong'],
  [/^NOAUTH/, 'REDIS_URL needs a password'],
  [/^NOPERM/, 'the user in REDIS_URL lacks rights'],
];

/** The driver's words for an answer that did not come in time. */
export const TIMED_OUT = 'Command timed out';
export const NO_ANSWER = 'no answer in time';

/** What went wrong with Redis, in one line. The code of an answer of Redis is kept. */
export function redisFailure(error: Error): string {
  // The driver's words name its own settings.
  if (error.name === 'MaxRetriesPerRequestError' || error.name === 'AbortError') {
    return 'the connection broke';
  }
  if (error.message === TIMED_OUT) return NO_ANSWER;
  if (error.name !== 'ReplyError') return failureReason(error);
  const words = REFUSALS.find(([pattern]) => pattern.test(error.message))?.[1];
  return words === undefined ? error.message : `${words}: ${error.message}`;
}

/** Whether Redis answers and refuses us: trying again at once is useless. */
export function isRefusal(error: Error): boolean {
  return error.name === 'ReplyError' && REFUSALS.some(([pattern]) => pattern.test(error.message));
}
