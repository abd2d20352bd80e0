import process from 'node:process';
import { CommandRunner } from './command-runner.js';
import { ConnectionPool } from './connection/connection-pool.js';
import { ExitCode } from './errors.js';
import { Interruptions } from './interruptions.js';
import { guardOutput } from './output/guard-output.js';
import { runCommandLine } from './run-command-line.js';

guardOutput(process, process.argv.includes('--json'), (code) => process.exit(code));

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
