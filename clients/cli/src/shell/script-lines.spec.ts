import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { scriptLines } from './script-lines.js';

async function linesOf(chunks: Iterable<string>): Promise<string[]> {
  const bytes = Readable.from(chunks).map((chunk) => Buffer.from(chunk, 'latin1'));
  const lines: string[] = [];
  for await (const line of scriptLines(Readable.from(bytes, { objectMode: false }))) {
    lines.push(line);
  }
  return lines;
}

it('gives lines however they come, the last one without a line feed too', async () => {
  const name = Buffer.from('ä').toString('latin1');
  expect(await linesOf(['top a\ntop', ' b\r', `\n\n${name[0]}`, `${name[1]}\n`, 'ping'])).toEqual([
    'top a',
    'top b',
    '',
    'ä',
    'ping',
  ]);
  expect(await linesOf(['ping\n'])).toEqual(['ping']);
  expect(await linesOf([])).toEqual([]);
});

it('gives up what has no lines, and reads no more of it', async () => {
  let read = 0;
  function* endless() {
    for (;;) {
      read += 1;
      yield '\0'.repeat(65_536);
    }
  }
  await expect(linesOf(endless())).rejects.toThrow('more than a million characters');
  expect(read).toBeLessThan(100);
});
