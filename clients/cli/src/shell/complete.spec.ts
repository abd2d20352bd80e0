import { Command, Option } from 'commander';
import { describe, expect, it, vi } from 'vitest';
import { complete } from './complete.js';

function program(): Command {
  const root = new Command('rostrum')
    .addOption(new Option('--as <role>').choices(['reader', 'writer', 'admin']))
    .option('--json');
  root.command('top').argument('<leaderboard>').option('-n, --count <count>');
  root.command('ping');
  const boards = root.command('boards');
  boards.command('list');
  boards.command('delete').argument('<leaderboard>');
  return root;
}

const ids = async () => ['arena', 'archery', 'demo'];
const candidates = async (line: string) => (await complete(line, program(), ['exit'], ids))[0];

describe('completion', () => {
  it.each([
    ['', ['boards ', 'exit ', 'ping ', 'top ']],
    ['t', ['top ']],
    ['boards ', ['list ', 'delete ']],
    ['boards de', ['delete ']],
    ['top ar', ['arena ', 'archery ']],
    ['boards delete d', ['demo ']],
    ['--json top ar', ['arena ', 'archery ']],
    ['top -n 5 d', ['demo ']],
    ['top arena ', []],
    ['ping ', []],
    ['top arena --c', ['--count ']],
    ['top --', ['--count ', '--as ', '--json ']],
    ['top --as w', ['writer ']],
    ['top -n ', []],
  ])('of %j', async (line, expected) => {
    expect(await candidates(line)).toEqual(expected);
  });

  it('replaces the last word only', async () => {
    expect((await complete('top ar', program(), [], ids))[1]).toBe('ar');
  });

  it('asks the server for leaderboards only where one is wanted', async () => {
    const read = vi.fn(ids);
    await complete('pi', program(), [], read);
    await complete('top arena --', program(), [], read);
    expect(read).not.toHaveBeenCalled();
  });
});
