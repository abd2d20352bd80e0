import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { documentedSteps } from './documented-step.js';

// The commands of clients/cli/README.md are samples of many kinds: it is checked that they exist
// with their options. What they do, and print, is checked by README.md and the tests of the CLI.

const path = (relative: string) => fileURLToPath(new URL(`../../../${relative}`, import.meta.url));

const helpTexts = new Map<string, string>();

function help(...command: readonly string[]): string {
  const known = helpTexts.get(command.join(' '));
  if (known !== undefined) return known;
  const args = [path('clients/cli/bin/rostrum.js'), ...command, '--help'];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  helpTexts.set(command.join(' '), stdout + stderr);
  return stdout + stderr;
}

/** The words of each `rostrum …` in the blocks of commands, without comments. */
const samples = documentedSteps(readFileSync(path('clients/cli/README.md'), 'utf8'))
  .flatMap((step) => (step.kind === 'command' ? step.command.split('\n') : []))
  .map((line) => /^(?:npx )?rostrum ([^#|<]*)/.exec(line)?.[1]?.trim().split(/\s+/))
  .filter((words) => words !== undefined);

/** The names in the list of commands of a help text. */
function commandsOf(text: string): string[] {
  const list = text.split('\nCommands:\n')[1]?.split('\n\n')[0] ?? '';
  return [...list.matchAll(/^ {2}(\w+)/gm)].map(([, name = '']) => name);
}

test('each command in the README of the CLI exists, with its options', () => {
  const general = help();
  const commands = commandsOf(general);
  expect(samples.length).toBeGreaterThan(20);
  for (const words of samples) {
    const [command = '', subcommand = ''] = words;
    expect(commands, words.join(' ')).toContain(command);
    let text = help(command);
    if (commandsOf(text).includes(subcommand)) text = help(command, subcommand);
    for (const option of words.filter((word) => /^--?[a-z]/.test(word))) {
      expect(`${text}${general}`, `${command} ${option}`).toMatch(new RegExp(`${option}\\b`));
    }
  }
});

test('the README of the CLI leaves no command out', () => {
  const shown = new Set(samples.map(([command]) => command));
  expect(commandsOf(help()).filter((name) => name !== 'help' && !shown.has(name))).toEqual([]);
});
