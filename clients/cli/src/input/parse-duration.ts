import { InvalidArgumentError } from 'commander';

const UNITS: Readonly<Record<string, number>> = { '': 1000, ms: 1, s: 1000, m: 60_000 };

/**
 * Reads a duration such as `500ms`, `5s`, `2m`; a bare number means seconds. Returns milliseconds,
 * greater than 0 and at most 24 days (what a timer holds).
 *
 * @throws InvalidArgumentError for anything else.
 */
export function parseDuration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m)?$/.exec(text);
  const unit = UNITS[match?.[2] ?? ''];
  const milliseconds = match && unit !== undefined ? Number(match[1]) * unit : Number.NaN;
  if (!(milliseconds > 0 && milliseconds < 2 ** 31)) {
    throw new InvalidArgumentError('Give a duration such as 500ms, 5s or 2m.');
  }
  return milliseconds;
}
