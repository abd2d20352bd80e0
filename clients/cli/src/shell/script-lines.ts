import type { Readable } from 'node:stream';
import { UsageError } from '../errors.js';

/** More than any command has, in characters. */
const MAX_LINE = 1024 * 1024;

/**
 * The lines of a pipe or file, read as fast as they are asked for.
 * @throws UsageError for a line of more than a million characters: a device that is given by mistake has no
 * line feeds, and no end
 */
export async function* scriptLines(input: Readable): AsyncGenerator<string, void, undefined> {
  let rest = '';
  for await (const chunk of input.setEncoding('utf8')) {
    const lines = `${rest}${chunk}`.split(/\r?\n/);
    rest = lines.pop() ?? '';
    yield* lines;
    if (rest.length > MAX_LINE) {
      throw new UsageError(
        'A line of the input has more than a million characters: no command does.',
      );
    }
  }
  if (rest !== '') yield rest;
}
