import process from 'node:process';
import { CommandRunner } from './command-runner.js';
import { ConnectionPool } from './connection/connection-pool.js';
import { ExitCode } from './errors.js';
import { Interruptions } from './interruptions.js';
import { runCommandLine } from './run-command-line.js';

// `rostrum top board | head` closes the pipe early: that is no error.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(ExitCode.OK);
    throw error;
  });
}

// The first interruption lets a command end in order; whoever asks twice does not want to wait.
const interruptions = new Interruptions(() => process.exit(ExitCode.INTERRUPTED));
process.on('SIGINT', () => interruptions.interrupt());
process.on('SIGTERM', () => interruptions.interruptAll());
process.on('SIGHUP', () => interruptions.interruptAll());

const pool = new ConnectionPool(process.env, process.cwd());
const surroundings = {
  streams: process,
  env: process.env,
  pool,
  interruptions,
  runLine: runCommandLine,
};
const runner = new CommandRunner(surroundings, interruptions.enter());
process.exitCode = await runCommandLine(process.argv.slice(2), runner);
await pool.close();
