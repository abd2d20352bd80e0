import type { RostrumClient } from '@rostrum/client';
import type { Role } from './connection/role.js';
import type { ExitCode } from './errors.js';
import type { GlobalOptions } from './global-options.js';
import type { Output } from './output/output.js';

/** What a command has to work with. */
export interface CommandContext {
  readonly options: GlobalOptions;
  readonly output: Output;
  readonly env: NodeJS.ProcessEnv;
  /** Aborted by Ctrl-C: a stream then ends, a call is cancelled. */
  readonly signal: AbortSignal;
  /** Options for each call that is not a stream: the signal, and the time limit in milliseconds. */
  readonly call: { readonly signal: AbortSignal; readonly deadlineMs: number };
  /**
   * A client that is connected with an identity of at least this role. Kept and shared: the same
   * one comes back for the same role, and all are closed when the command ends.
   *
   * @throws CliError or RostrumError when there is no certificate or no server.
   */
  connect(leastRole: Role): Promise<RostrumClient>;
  /** As `connect`, on a connection of its own. */
  connectApart(leastRole: Role): Promise<RostrumClient>;
  /** Runs another command line, which Ctrl-C ends without ending this one. */
  runLine(args: readonly string[]): Promise<ExitCode>;
}
