import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, inject, test } from 'vitest';
import { ShellSession } from './shell-session.js';

// The command of certs/README.md, by the Node and npm of the machine, as somebody types it who has
// nothing else. It writes elsewhere: what is in certs/dev may be in use.

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

test('npm run certs makes certificates on the Node of this machine', {
  timeout: 120_000,
}, async () => {
  const command = 'npm run --silent certs';
  expect(readFileSync(join(ROOT, 'certs/README.md'), 'utf8')).toContain('\n    npm run certs\n');
  const out = join(inject('temporaryDirectory'), 'certs-by-hand');
  const shell = new ShellSession(ROOT, '/nowhere', {});
  const run = (options: string) =>
    shell.start(`${command} -- --out ${out} ${options}`, { onTerminal: false }).ended;
  const first = await run('--identity writer/game-2');
  expect(first).toMatchObject({ code: 0 });
  expect(first.output).toMatch(/made ca, server, admin, writer, reader, game-2\n$/);
  expect(existsSync(join(out, 'game-2.key'))).toBe(true);
  const second = await run('');
  expect(second).toMatchObject({ code: 0 });
  expect(second.output).toMatch(/all certificates are good\n$/);
});
