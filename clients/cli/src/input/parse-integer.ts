import { InvalidArgumentError } from 'commander';

/**
 * Makes a parser of whole numbers from `least` to `most`.
 *
 * @throws InvalidArgumentError (the parser) for anything else.
 */
export function integerBetween(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^[+-]?\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= least && value <= most)) {
      throw new InvalidArgumentError(`Give a whole number from ${least} to ${most}.`);
    }
    return value;
  };
}

/**
 * Makes a parser of numbers from `least` to `most`.
 *
 * @throws InvalidArgumentError (the parser) for anything else.
 */
export function numberBetween(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^[+-]?\d*\.?\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= least && value <= most)) {
      throw new InvalidArgumentError(`Give a number from ${least} to ${most}.`);
    }
    return value;
  };
}
