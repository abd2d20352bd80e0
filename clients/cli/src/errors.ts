/** Exit codes of the command. */
export const ExitCode = { OK: 0, FAILURE: 1, USAGE: 2, INTERRUPTED: 130 } as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** A failure told to the user in three parts: what happened, and what to do next. */
export class CliError extends Error {
  override readonly name = 'CliError';

  constructor(
    message: string,
    /** What to try next, one line each. */
    readonly hints: readonly string[] = [],
    readonly exitCode: ExitCode = ExitCode.FAILURE,
    /** A word for scripts. */
    readonly code = 'CLI_ERROR',
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** For a stream of progress that ends well without saying that the work is done. */
export function notDone(what: string): CliError {
  return new CliError(`The server ended ${what} before it was done.`, ['Try again.']);
}

/** The command was called in a way that cannot work. */
export class UsageError extends CliError {
  constructor(message: string, hints: readonly string[] = []) {
    super(message, hints, ExitCode.USAGE, 'USAGE');
  }
}
