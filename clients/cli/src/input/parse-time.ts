import { InvalidArgumentError } from 'commander';

const ISO = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})?)?$/;

/**
 * Reads a moment: ISO 8601 (`2026-11-20T15:00:00Z`, to the millisecond), seconds since 1970 with
 * up to three decimals, or `now`.
 *
 * @throws InvalidArgumentError for anything else.
 */
export function parseTime(text: string): Date {
  if (text === 'now') return new Date();
  if (/^\d{1,11}(\.\d{1,3})?$/.test(text)) return new Date(Math.round(Number(text) * 1000));
  const time = new Date(ISO.test(text) ? text : Number.NaN);
  if (Number.isNaN(time.getTime())) {
    throw new InvalidArgumentError(
      'Give a time such as 2026-11-20T15:00:00Z, seconds since 1970, or now.',
    );
  }
  return time;
}
