import { CommanderError } from 'commander';
import type { CommandRunner } from './command-runner.js';
import { exitCodeOf, renderReport, reportOf } from './error-report.js';
import { ExitCode } from './errors.js';
import { styleFor } from './output/style.js';
import { createProgram, helpText } from './program.js';

/** Runs one command line (without the program's own name), reports its errors, returns its exit code. */
export async function runCommandLine(
  args: readonly string[],
  runner: CommandRunner,
): Promise<ExitCode> {
  const program = createProgram(runner);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return runner.exitCode;
  } catch (error) {
    // Help and version end by way of an error; so does a command line that names no command.
    if (error instanceof CommanderError && error.exitCode === 0) return ExitCode.OK;
    if (error instanceof CommanderError && error.code === 'commander.help') {
      runner.surroundings.streams.stderr.write(helpText(program));
      return ExitCode.USAGE;
    }
    if (runner.signal.aborted) return ExitCode.INTERRUPTED;
    const report = reportOf(error, {
      address: program.getOptionValue('address') ?? '',
      credentials: runner.surroundings.pool.credentials,
    });
    const { stderr } = runner.surroundings.streams;
    // A command line that cannot be parsed may not have got as far as --json.
    if (args.includes('--json')) stderr.write(`${JSON.stringify({ error: report })}\n`);
    else stderr.write(`${renderReport(report, styleFor(stderr)).join('\n')}\n`);
    return exitCodeOf(error);
  }
}
