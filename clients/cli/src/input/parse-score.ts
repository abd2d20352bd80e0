import { InvalidArgumentError } from 'commander';
import { formatScore } from '../output/format-number.js';

const LIMIT = Number.MAX_SAFE_INTEGER;
const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d{1,4}))?$/i;

/**
 * Reads a score: a decimal number within ±(2^53 - 1) that a double holds as written. What would be
 * rounded on the way (`9007199254740993`, twenty digits) is refused, not changed silently.
 *
 * @throws InvalidArgumentError with what is wrong and what the nearest score is.
 */
export function parseScore(text: string): number {
  const written = canonicalDecimal(text);
  if (written === undefined) {
    const why = text.includes(',') ? ': no comma can be in it; a point begins the fraction' : '';
    throw new InvalidArgumentError(`"${text}" is not a decimal number${why}.`);
  }
  const score = Number(text);
  if (Math.abs(score) > LIMIT) {
    throw new InvalidArgumentError('Scores lie within ±9007199254740991 (2^53 - 1).');
  }
  if (canonicalDecimal(String(score)) !== written) {
    throw new InvalidArgumentError(
      `A score cannot hold this number exactly; the nearest is ${formatScore(score)}.`,
    );
  }
  return score === 0 ? 0 : score;
}

/** Sign, significant digits and exponent, the same for `1.50`, `15e-1` and `+01.5`. */
function canonicalDecimal(text: string): string | undefined {
  const match = DECIMAL.exec(text);
  if (!match) return undefined;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  if (whole + fraction === '') return undefined;
  const digits = (whole + fraction).replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return '0';
  const scale = Number(exponent) - fraction.length + (digits.length - significant.length);
  return `${sign === '-' ? '-' : ''}${significant}e${scale}`;
}
