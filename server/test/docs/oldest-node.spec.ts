import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, inject, test } from 'vitest';
import { type CommandEnd, ShellSession } from './shell-session.js';

// What the README has people type, by the oldest Node and npm that it promises. Both are packages of npm.

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const { engines, scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const NODE = engines.node.replace('>=', '');
const NPM = engines.npm.replace('>=', '');

let shell: ShellSession;
let programs: string;

const run = (command: string): Promise<CommandEnd> =>
  shell.start(`PATH='${programs}':$PATH\n${command}`, { onTerminal: false }).ended;

beforeAll(async () => {
  const directory = join(inject('temporaryDirectory'), 'oldest-node');
  programs = join(directory, 'node_modules/.bin');
  mkdirSync(directory);
  writeFileSync(join(directory, 'package.json'), '{"allowScripts":{"node":true}}');
  const install = `npm install --no-audit --no-fund node@${NODE}.0.0 npm@${NPM}`;
  const machine = new ShellSession(directory, '/nowhere', {});
  const { code, output } = await machine.start(install, { onTerminal: false }).ended;
  expect(code, output).toBe(0);
  shell = new ShellSession(ROOT, '/nowhere', {});
}, 180_000);

test('they are those of the README', async () => {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  expect(readme).toContain(`[Node.js](https://nodejs.org) ${NODE} or later and npm`);
  const { output } = await run('node --version; npm --version');
  expect(output).toMatch(new RegExp(`^v${NODE}\\.0\\.0\n${NPM}\\.`));
});

test('a script that npm runs begins by it', { timeout: 60_000 }, async () => {
  // In a fresh clone. Once the packages are there, npm finds the pinned Node first.
  const out = join(inject('temporaryDirectory'), 'oldest-node-certs');
  const { code, output } = await run(`${scripts.certs} --out '${out}'`);
  expect(code, output).toBe(0);
  expect(output).toMatch(/made ca, server, admin/);
});

test.each([
  ['npm run certs', (out: string) => ` -- --out '${out}'`, /all certificates are good/],
  ['npx rostrum --help', () => '', /rostrum watch demo/],
  ['npm run bench -- --help', () => '', /--players N/],
  ['npm run test:faults -- --dry-run', () => '', /#1 /],
])('%s', { timeout: 120_000 }, async (command, options, shown) => {
  const out = join(inject('temporaryDirectory'), 'oldest-node-certs');
  const { code, output } = await run(command + options(out));
  expect(code, output).toBe(0);
  expect(output).toMatch(shown);
});
