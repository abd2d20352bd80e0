import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { SERVER_FLAGS } from './server-flags.ts';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

test('everything that starts the server gives Node the same flags', () => {
  const flags = SERVER_FLAGS.join(' ');
  const manifest = JSON.parse(read('server/package.json')) as { scripts: { start: string } };
  expect(manifest.scripts.start).toBe(`node ${flags} dist/main.js`);
  const command = ['node', ...SERVER_FLAGS, 'server/dist/main.js'].map((word) => `"${word}"`);
  expect(read('Dockerfile')).toContain(`\nCMD [${command.join(', ')}]\n`);
  expect(read('docs/operations.md')).toContain(`npx node ${flags} server/dist/main.js`);
});
