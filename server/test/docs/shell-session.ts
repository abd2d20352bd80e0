import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { delimiter } from 'node:path';

/** How a command ended. */
export interface CommandEnd {
  /** The exit code; null when a signal ended it. */
  readonly code: number | null;
  /** All it wrote to standard output and standard error. */
  readonly output: string;
}

/** Whether commands can be run on a terminal here. */
const HAS_TERMINALS =
  spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') === true;

/** A command that was typed into the shell. */
export class RunningCommand {
  readonly ended: Promise<CommandEnd>;
  readonly #child: ChildProcess;
  readonly #onTerminal: boolean;
  readonly #listeners = new Set<() => void>();
  #output = '';

  constructor(child: ChildProcess, onTerminal: boolean) {
    this.#child = child;
    this.#onTerminal = onTerminal;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
        for (const listener of this.#listeners) listener();
      });
    }
    this.ended = new Promise((resolve) => {
      child.once('close', (code) => resolve({ code, output: this.#output }));
    });
  }

  /** Resolves when the output fulfils the condition, or the command has ended. */
  async until(condition: (output: string) => boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = () => condition(this.#output) && resolve();
    this.#listeners.add(look);
    look();
    await Promise.race([promise, this.ended]);
    this.#listeners.delete(look);
  }

  get output(): string {
    return this.#output;
  }

  /** Ctrl-C. */
  interrupt(): void {
    if (this.#onTerminal) this.#child.stdin?.write('\x03');
    else this.#signal('SIGINT');
  }

  kill(): void {
    this.#signal('SIGKILL');
  }

  /** To all processes of the command, as a terminal does it. */
  #signal(signal: NodeJS.Signals): void {
    try {
      if (this.#child.pid !== undefined) process.kill(-this.#child.pid, signal);
    } catch {
      // It has ended.
    }
  }
}

/** A shell of somebody who has just opened a terminal in the checkout. */
export class ShellSession {
  readonly #directory: string;
  readonly #env: NodeJS.ProcessEnv;

  /** @param programs a directory of programs that its owner has put on the PATH */
  constructor(directory: string, programs: string, env: Readonly<Record<string, string>>) {
    this.#directory = directory;
    this.#env = { ...freshEnvironment(), ...env };
    this.#env.PATH = `${this.#env.PATH}${delimiter}${programs}`;
  }

  /** Types a command. `onTerminal`: into a terminal of 80 by 24, where there are such. */
  start(command: string, options: { readonly onTerminal: boolean }): RunningCommand {
    const onTerminal = options.onTerminal && HAS_TERMINALS;
    const script = `set -euo pipefail\n${command}`;
    const [program, args] = onTerminal
      ? ['script', ['--quiet', '--flush', '--return', '--command', script, '/dev/null']]
      : ['bash', ['-c', script]];
    const child = spawn(program as string, args as string[], {
      cwd: this.#directory,
      env: { ...this.#env, SHELL: '/bin/bash', TERM: 'xterm-256color' },
      stdio: [onTerminal ? 'pipe' : 'ignore', 'pipe', 'pipe'],
      detached: true, // a group of its own, so that Ctrl-C reaches all of it
    });
    return new RunningCommand(child, onTerminal);
  }

  /** Whether bash understands a command, which is not run. Returns what it says otherwise. */
  syntaxProblem(command: string): string | undefined {
    const { status, stderr } = spawnSync('bash', ['-n', '-c', command], { encoding: 'utf8' });
    return status === 0 ? undefined : stderr;
  }

  /** Runs a short command. */
  succeeds(command: string): boolean {
    const env = this.#env;
    return spawnSync('bash', ['-c', command], { cwd: this.#directory, env }).status === 0;
  }
}

/** Without what npm, vitest and this machine's Rostrum have put there. */
function freshEnvironment(): NodeJS.ProcessEnv {
  const foreign =
    /^(npm_(?!config_)|npm_config_(node_gyp|noproxy|local_prefix|global_prefix|prefix|user_agent|npm_version|init_module)$|VITEST|ROSTRUM_|TEST|NODE_|DATABASE_URL$|REDIS_URL$|INIT_CWD$|FORCE_COLOR$|TINYPOOL)/;
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !foreign.test(name)),
  );
  const path = (env.PATH ?? '').split(delimiter);
  env.PATH = path.filter((entry) => !entry.includes('node_modules')).join(delimiter);
  // Notices of npm about the machine it runs on are not what a document shows.
  env.npm_config_loglevel = 'error';
  env.npm_config_update_notifier = 'false';
  return env;
}
