import type { Command } from 'commander';
import type { CommandContext } from '../command-context.js';
import type { CommandRunner } from '../command-runner.js';
import { ExitCode, UsageError } from '../errors.js';
import type { GlobalOptions } from '../global-options.js';
import { MAX_ROWS } from '../input/limits.js';
import { complete } from '../shell/complete.js';
import { HistoryFile, historyPath } from '../shell/history-file.js';
import { promptLines } from '../shell/prompt.js';
import { scriptLines } from '../shell/script-lines.js';
import { splitLine } from '../shell/split-line.js';

const LEAVE = ['exit', 'quit'];
const COMPLETION_DEADLINE_MS = 1000;
const BOARDS_KEPT_MS = 3000;

export function registerShell(program: Command, runner: CommandRunner): void {
  program
    .command('shell')
    .description('type commands one after the other, with history and completion')
    .action(
      runner.handle<[], unknown>(async (context) => {
        const { stdin, stdout } = context.output.streams;
        // Fail before the first prompt when there is no server.
        await context.connect('reader');
        return stdin.isTTY && stdout.isTTY ? interact(context, program) : runScript(context);
      }),
    );
}

async function interact(context: CommandContext, program: Command): Promise<ExitCode> {
  const { output, signal, options } = context;
  const { style } = output;
  const history = new HistoryFile(historyPath(context.env));
  const boards = leaderboardIds(context);
  output.lines(
    style.dim(
      `Connected to ${options.address}. \`help\` lists commands, Tab completes, Ctrl-D leaves.`,
    ),
  );
  while (!signal.aborted) {
    const lines = await promptLines(output.streams, {
      prompt: style.accent('rostrum> '),
      history: history.lines,
      complete: (line) => complete(line, program, LEAVE, boards),
      signal,
    });
    if (lines === undefined) break;
    for (const line of lines) {
      history.add(line);
      if ((await runLine(context, line)) === 'leave') return ExitCode.OK;
    }
  }
  return ExitCode.OK;
}

/** Runs the lines of a pipe or file; the exit code is that of the first line that failed. */
async function runScript(context: CommandContext): Promise<ExitCode> {
  let result: ExitCode = ExitCode.OK;
  for await (const line of scriptLines(context.output.streams.stdin)) {
    if (context.signal.aborted) return ExitCode.INTERRUPTED;
    const outcome = await runLine(context, line);
    if (outcome === 'leave') break;
    if (result === ExitCode.OK) result = outcome;
  }
  return result;
}

async function runLine(context: CommandContext, line: string): Promise<ExitCode | 'leave'> {
  const { output } = context;
  let words: string[];
  try {
    words = splitLine(line);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    output.streams.stderr.write(`${output.errorStyle.bad('error:')} ${error.message}\n`);
    return error.exitCode;
  }
  const [first] = words;
  if (first === undefined || first.startsWith('#')) return ExitCode.OK;
  if (LEAVE.includes(first)) return 'leave';
  if (first === 'shell') {
    output.note('This is the shell. `help` lists what can be typed here.');
    return ExitCode.USAGE;
  }
  return context.runLine([...globalArguments(context.options), ...words]);
}

/** The shell's own global options, as they would be typed before each command. */
function globalArguments(options: GlobalOptions): string[] {
  const { address, ca, cert, key, as, json, timeout } = options;
  const named = { address, ca, cert, key, as, timeout: `${timeout}ms` };
  return [
    ...Object.entries(named).flatMap(([name, value]) =>
      value === undefined ? [] : [`--${name}`, value],
    ),
    ...(json ? ['--json'] : []),
  ];
}

/** Reads the ids of leaderboards for completion, and keeps them for a few seconds. */
function leaderboardIds(context: CommandContext): () => Promise<readonly string[]> {
  let known: readonly string[] = [];
  let readAt = Number.NEGATIVE_INFINITY;
  return async () => {
    if (performance.now() - readAt < BOARDS_KEPT_MS) return known;
    const client = await context.connect('reader');
    const page = await client.leaderboards.listPage(
      { pageSize: MAX_ROWS },
      { signal: context.signal, deadlineMs: COMPLETION_DEADLINE_MS },
    );
    known = page.leaderboards.map((board) => board.leaderboardId);
    readAt = performance.now();
    return known;
  };
}
