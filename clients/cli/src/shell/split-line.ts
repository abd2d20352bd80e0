import { UsageError } from '../errors.js';

/**
 * Splits a line into words at blanks. Single and double quotes keep blanks; a backslash outside
 * single quotes keeps the character after it.
 *
 * @throws UsageError for a quote that is not closed.
 */
export function splitLine(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  const characters = [...line];
  for (let index = 0; index < characters.length; index++) {
    const character = characters[index] ?? '';
    if (character === '\\' && quote !== "'" && index + 1 < characters.length) {
      word = (word ?? '') + characters[++index];
    } else if (quote !== undefined) {
      if (character === quote) quote = undefined;
      else word += character;
    } else if (character === '"' || character === "'") {
      quote = character;
      word ??= '';
    } else if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = (word ?? '') + character;
    }
  }
  if (quote !== undefined) throw new UsageError(`The quote ${quote} is not closed.`);
  if (word !== undefined) words.push(word);
  return words;
}
