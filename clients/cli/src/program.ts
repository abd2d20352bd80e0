import { Command } from 'commander';
import type { CommandRunner } from './command-runner.js';
import { registerAround } from './commands/around.js';
import { registerBench } from './commands/bench.js';
import { registerBoards } from './commands/boards.js';
import { registerDemo } from './commands/demo.js';
import { registerPing } from './commands/ping.js';
import { registerRank } from './commands/rank.js';
import { registerRebuild } from './commands/rebuild.js';
import { registerShell } from './commands/shell.js';
import { registerStats } from './commands/stats.js';
import { registerSubmit } from './commands/submit.js';
import { registerTop } from './commands/top.js';
import { registerVerify } from './commands/verify.js';
import { registerWatch } from './commands/watch.js';
import { UsageError } from './errors.js';
import { addGlobalOptions } from './global-options.js';
import { packageVersion } from './package-version.js';

const EXAMPLES = `
Examples:
  rostrum submit arena ada 1200
  rostrum top arena -n 20
  rostrum watch arena --around ada
  rostrum demo                  and in another terminal: rostrum watch demo`;

/** What `rostrum help` prints. Commander leaves what was added to its own text out of this. */
export function helpText(program: Command): string {
  return `${program.helpInformation()}${EXAMPLES}\n`;
}

/** As commander's own, which shows the help of everything where it does not know the command. */
function registerHelp(program: Command): void {
  program
    .command('help')
    .argument('[command...]')
    .description('display help for command')
    .action((names: readonly string[]) => {
      let command = program;
      for (const name of names) {
        const named = command.commands.find((each) => each.name() === name);
        if (!named) throw new UsageError(`unknown command '${name}'`, [LISTED]);
        command = named;
      }
      command.outputHelp();
    });
}

const LISTED = '`rostrum help` lists the commands.';

/** Builds the command line; parsing it runs the commands through `runner`. */
export function createProgram(runner: CommandRunner): Command {
  const { streams, env } = runner.surroundings;
  const program = new Command('rostrum')
    .description('Submit, rank, watch and operate a Rostrum leaderboard service.')
    .version(packageVersion())
    .helpCommand(false)
    .showSuggestionAfterError()
    .exitOverride()
    .addHelpText('after', EXAMPLES);
  addGlobalOptions(program, env);
  // Errors are reported in one place, as words or as JSON: commander writes help only.
  program.configureOutput({
    writeOut: (text) => streams.stdout.write(text),
    writeErr: () => {},
    getOutHelpWidth: () => streams.stdout.columns || 80,
    getOutHasColors: () => streams.stdout.hasColors?.() ?? false,
  });
  for (const register of [
    registerSubmit,
    registerTop,
    registerRank,
    registerAround,
    registerWatch,
    registerBoards,
    registerPing,
    registerStats,
    registerShell,
    registerDemo,
    registerBench,
    registerVerify,
    registerRebuild,
  ]) {
    register(program, runner);
  }
  registerHelp(program);
  return program;
}
