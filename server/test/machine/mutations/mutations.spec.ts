import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { MUTATIONS } from './mutations.ts';

const SERVER = new URL('../../../', import.meta.url);

/** The mutations are played by hand: this tells at once when a change of the server moved their places. */
test.each(MUTATIONS)('$name finds what it patches', ({ patches }) => {
  for (const { file, find } of patches) {
    const text = readFileSync(fileURLToPath(new URL(file, SERVER)), 'utf8');
    expect(text.includes(find), `server/${file} has ${JSON.stringify(find)}`).toBe(true);
  }
});
