import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, type WriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { sendSignal } from './process-identity.ts';
import { reaper } from './reaper.ts';

export interface ServiceProcessOptions {
  /** What people call it in messages. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** Run under this account; only root may ask for it. */
  readonly account?: { readonly uid: number; readonly gid: number } | undefined;
  /** Everything it prints is appended here too. */
  readonly logFile?: string | undefined;
  /** The signal that makes it stop in order. */
  readonly stopSignal: NodeJS.Signals;
}

export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** How many of the latest lines are kept in memory to explain a failure. */
const KEPT_LINES = 400;

/**
 * A process in a group of its own (a Ctrl-C in the terminal does not reach it) that never outlives
 * the process that started it.
 */
export class ServiceProcess {
  readonly name: string;
  readonly pid: number;
  /** Resolves when it has ended and all its output has been read; never rejects. */
  readonly ended: Promise<ProcessEnd>;
  readonly #child: ChildProcess;
  readonly #stopSignal: NodeJS.Signals;
  readonly #lines: string[] = [];
  readonly #listeners = new Set<(line: string) => void>();
  #end: ProcessEnd | undefined;

  /** @throws Error when the command cannot be run. */
  static async spawn(options: ServiceProcessOptions): Promise<ServiceProcess> {
    const child = spawn(options.command, options.args, {
      cwd: options.cwd,
      env: options.env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(options.account && { uid: options.account.uid, gid: options.account.gid }),
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    return new ServiceProcess(child, options);
  }

  private constructor(child: ChildProcess, options: ServiceProcessOptions) {
    if (child.pid === undefined) throw new Error(`${options.name} has no process id`);
    this.name = options.name;
    this.pid = child.pid;
    this.#child = child;
    this.#stopSignal = options.stopSignal;
    reaper.watch(child.pid, options.stopSignal);
    const log = options.logFile ? createWriteStream(options.logFile, { flags: 'a' }) : undefined;
    for (const stream of [child.stdout, child.stderr]) {
      if (stream) createInterface({ input: stream }).on('line', (line) => this.#take(line, log));
    }
    child.once('exit', () => reaper.forget(this.pid));
    this.ended = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        this.#end = { code, signal };
        if (log) log.end(() => resolve({ code, signal }));
        else resolve({ code, signal });
      });
    });
  }

  /** How it ended; undefined while it runs. */
  get end(): ProcessEnd | undefined {
    return this.#end;
  }

  /** The latest lines it printed, oldest first. */
  tail(count = KEPT_LINES): string {
    return this.#lines.slice(-count).join('\n');
  }

  /** Calls back with each line it has printed so far and will print. Returns the way to stop. */
  onLine(listener: (line: string) => void): () => void {
    for (const line of this.#lines) listener(line);
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Sends a signal and does not wait. SIGKILL goes to the whole group. */
  signal(signal: NodeJS.Signals): void {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    sendSignal(signal === 'SIGKILL' ? -this.pid : this.pid, signal);
  }

  /** Reads no more of what it prints: it finds its output closed. */
  closeOutput(): void {
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
  }

  /** Sends a signal and waits for the end. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<ProcessEnd> {
    this.signal(signal);
    return await this.ended;
  }

  /** Stops it in order; by force when it takes longer than `patienceMs`. */
  async stop(patienceMs = 10_000): Promise<ProcessEnd> {
    this.signal(this.#stopSignal);
    const force = setTimeout(() => this.signal('SIGKILL'), patienceMs);
    try {
      return await this.ended;
    } finally {
      clearTimeout(force);
    }
  }

  #take(line: string, log: WriteStream | undefined): void {
    log?.write(`${line}\n`);
    this.#lines.push(line);
    if (this.#lines.length > KEPT_LINES) this.#lines.shift();
    for (const listener of this.#listeners) listener(line);
  }
}
