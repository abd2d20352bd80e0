import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type TestIdentity, testCertificates } from './test-certificates.js';

/** How long a terminal may take to show something, in milliseconds. */
const SHOW_MS = 10_000;
const BIN = fileURLToPath(new URL('../../../clients/cli/bin/rostrum.js', import.meta.url));

/** Whether `startOnTerminal` works here. */
export const hasTerminals =
  spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') === true;

export interface CliResult {
  /** The exit code; null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The built `rostrum` command, run against one server. */
export class RostrumCli {
  constructor(
    private readonly address: string,
    /** More environment, or other values. */
    private readonly env: Readonly<Record<string, string>> = {},
  ) {}

  /** Comes with another certificate; `admin` unless said. */
  as(identity: TestIdentity): RostrumCli {
    return new RostrumCli(this.address, { ...this.env, ...tlsEnvironment(identity) });
  }

  /** Runs a command to its end. */
  async run(args: readonly string[], input = ''): Promise<CliResult> {
    const child = this.start(args);
    child.stdin?.end(input);
    return await resultOf(child);
  }

  /** Runs a command of a shell to its end, in which `"$@"` is the command of rostrum. */
  async runInShell(command: string, args: readonly string[]): Promise<CliResult> {
    return await resultOf(this.spawn('sh', ['-c', command, 'sh', process.execPath, BIN, ...args]));
  }

  /** Runs a command that must succeed with `--json`, and returns its values, one per line. */
  async json<T = Record<string, unknown>>(...args: readonly string[]): Promise<T[]> {
    const result = await this.run([...args, '--json']);
    if (result.code !== 0) throw new Error(`rostrum ${args.join(' ')}: ${result.stderr}`);
    return result.stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as T);
  }

  /** Starts a command that runs on. */
  start(args: readonly string[]): ChildProcess {
    return this.spawn(process.execPath, [BIN, ...args]);
  }

  /**
   * Starts a command on a terminal of 80 by 24: what is written to its standard input are keys,
   * and its standard output is what the terminal gets. Needs the `script` of util-linux.
   */
  startOnTerminal(args: readonly string[]): ChildProcess {
    const command = [process.execPath, BIN, ...args].map((word) => `'${word}'`).join(' ');
    return this.spawn('script', [
      '--quiet',
      '--flush',
      '--return',
      '--command',
      command,
      '/dev/null',
    ]);
  }

  private spawn(command: string, args: readonly string[]): ChildProcess {
    return spawn(command, args, {
      env: {
        PATH: process.env.PATH,
        TERM: 'xterm-256color',
        ...tlsEnvironment('admin'),
        ROSTRUM_ADDRESS: this.address,
        ...this.env,
      },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
  }
}

async function resultOf(child: ChildProcess): Promise<CliResult> {
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
    });
  }
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...output };
}

/** The lines that a running command prints, each as it comes. */
export function linesOf(child: ChildProcess): AsyncIterableIterator<string> {
  if (!child.stdout) throw new Error('the output of the command is not piped');
  return createInterface({ input: child.stdout })[Symbol.asyncIterator]();
}

/** What the terminal of a command was sent. */
export interface TerminalScreen {
  /** All of it so far, control sequences included. */
  readonly text: string;
  /** Resolves when it matches the pattern; rejects with what is there after 10 seconds. */
  shows(pattern: RegExp): Promise<void>;
}

/** Follows a command that was started on a terminal. */
export function screenOf(child: ChildProcess): TerminalScreen {
  const screen = new EventEmitter();
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    screen.emit('more');
  });
  return {
    get text() {
      return text;
    },
    async shows(pattern) {
      const signal = AbortSignal.timeout(SHOW_MS);
      while (!pattern.test(text)) {
        await once(screen, 'more', { signal }).catch(() => {
          throw new Error(`the terminal does not show ${pattern}, but:\n${JSON.stringify(text)}`);
        });
      }
    },
  };
}

function tlsEnvironment(identity: TestIdentity): Record<string, string> {
  const { ca, cert, key } = testCertificates(identity);
  return { ROSTRUM_TLS_CA: ca, ROSTRUM_TLS_CERT: cert, ROSTRUM_TLS_KEY: key };
}
