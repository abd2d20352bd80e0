import type { Command } from 'commander';
import type { CommandContext } from './command-context.js';
import type { ConnectionPool } from './connection/connection-pool.js';
import { ExitCode } from './errors.js';
import type { GlobalOptions } from './global-options.js';
import type { InterruptionScope, Interruptions } from './interruptions.js';
import { Output, type Streams } from './output/output.js';

/** What a command does. Returns an exit code where it is not 0. */
export type Action<Arguments extends unknown[], Options> = (
  context: CommandContext,
  options: Options,
  ...args: Arguments
) => Promise<ExitCode> | Promise<void>;

/** Runs one whole command line. */
export type RunLine = (args: readonly string[], runner: CommandRunner) => Promise<ExitCode>;

/** The world that commands run in. */
export interface Surroundings {
  readonly streams: Streams;
  readonly env: NodeJS.ProcessEnv;
  readonly pool: ConnectionPool;
  readonly interruptions: Interruptions;
  readonly runLine: RunLine;
}

/** Runs the actions of one command line, and keeps what the last one came to. */
export class CommandRunner {
  exitCode: ExitCode = ExitCode.OK;

  constructor(
    readonly surroundings: Surroundings,
    private readonly interruption: InterruptionScope,
  ) {}

  get signal(): AbortSignal {
    return this.interruption.signal;
  }

  /** Makes an action into a handler for commander. */
  handle<Arguments extends unknown[], Options>(
    action: Action<Arguments, Options>,
  ): (...raw: unknown[]) => Promise<void> {
    return async (...raw) => {
      // Commander passes the arguments, then the command's options, then the command.
      const command = raw.at(-1) as Command;
      const args = raw.slice(0, -2) as Arguments;
      const context = this.contextOf(command);
      this.exitCode = (await action(context, command.opts() as Options, ...args)) ?? ExitCode.OK;
    };
  }

  private contextOf(command: Command): CommandContext {
    const options = command.optsWithGlobals<GlobalOptions>();
    const { signal, surroundings } = this;
    const { pool, env, streams, interruptions, runLine } = surroundings;
    return {
      options,
      output: new Output(streams, options.json === true),
      env,
      signal,
      call: { signal, deadlineMs: options.timeout },
      connect: (leastRole) => pool.connect(options, leastRole, signal),
      connectApart: (leastRole) => pool.connectApart(options, leastRole, signal),
      runLine: async (args) => {
        const scope = interruptions.enter();
        try {
          return await runLine(args, new CommandRunner(surroundings, scope));
        } finally {
          scope.leave();
        }
      },
    };
  }
}
