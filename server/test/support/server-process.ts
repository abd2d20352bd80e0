import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inject } from 'vitest';
import { SERVER_FLAGS } from '../../../scripts/services/server-flags.ts';
import { type ProcessEnd, ServiceProcess } from '../../../scripts/services/service-process.ts';

export interface ServerProcessOptions {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  /** More settings, or other values of those set here. */
  readonly env?: Readonly<Record<string, string>>;
}

/** One line of the server's log. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly msg?: string };

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
/** How long a server may take until it serves, in milliseconds. */
const START_MS = 30_000;

/** The servers that run now; their logs are shown when a test fails. */
export const runningServers = new Set<ServerProcess>();

/** Starts the built server (`server/dist/main.js`) on an ephemeral port and waits until it serves. */
export async function startServerProcess(options: ServerProcessOptions): Promise<ServerProcess> {
  const server = new ServerProcess(options);
  await server.start();
  return server;
}

/** The server as a process of its own, to be killed and started again. */
export class ServerProcess {
  readonly #options: ServerProcessOptions;
  #process: ServiceProcess | undefined;
  #address = '127.0.0.1:0';

  constructor(options: ServerProcessOptions) {
    this.#options = options;
  }

  /** `host:port`; the same after a restart. */
  get address(): string {
    return this.#address;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Resolves when the running process ends, wanted or not. */
  get ended(): Promise<ProcessEnd> {
    return this.#process?.ended ?? Promise.resolve({ code: null, signal: null });
  }

  /** What it printed lately, oldest first; lines that are no JSON appear as `{ msg }`. */
  log(): readonly LogLine[] {
    const text = this.#process?.tail() ?? '';
    return text === '' ? [] : text.split('\n').map(parseLine);
  }

  /** The same as text. */
  logText(): string {
    return this.#process?.tail() ?? '';
  }

  /** Calls `listener` for each line that it prints from now on. Returns the way to stop. */
  onLine(listener: (line: LogLine) => void): () => void {
    if (!this.#process) throw new Error('the server has not been started');
    return this.#process.onLine((text) => listener(parseLine(text)));
  }

  /** Resolves with the first line, printed already or later, that the test accepts. */
  async waitForLog(accept: (line: LogLine) => boolean, timeoutMs = 10_000): Promise<LogLine> {
    const child = this.#process;
    if (!child) throw new Error('the server has not been started');
    return await new Promise<LogLine>((resolve, reject) => {
      const fail = (why: string) => {
        stop();
        reject(new Error(`${why}; its log:\n${child.tail(40)}`));
      };
      const timer = setTimeout(
        () => fail(`the server did not log what was awaited within ${timeoutMs} ms`),
        timeoutMs,
      );
      let remove: () => void = () => undefined;
      const stop = () => {
        clearTimeout(timer);
        remove();
      };
      remove = child.onLine((text) => {
        const line = parseLine(text);
        if (!accept(line)) return;
        stop();
        resolve(line);
      });
      void child.ended.then(({ code, signal }) => fail(`the server ended (${signal ?? code})`));
    });
  }

  /** Nobody reads its log any more. */
  closeLog(): void {
    this.#process?.closeOutput();
  }

  /** Starts it, on the port it had before if it was started before. */
  async start(): Promise<void> {
    const certificates = inject('certificatesDirectory');
    this.#process = await ServiceProcess.spawn({
      name: 'the server',
      command: process.execPath,
      args: [...SERVER_FLAGS, join(ROOT, 'server/dist/main.js')],
      cwd: ROOT,
      env: {
        ...withoutSettings(process.env),
        ROSTRUM_ADDRESS: this.#address,
        DATABASE_URL: this.#options.databaseUrl,
        REDIS_URL: this.#options.redisUrl,
        ROSTRUM_TLS_CA: join(certificates, 'ca.crt'),
        ROSTRUM_TLS_CERT: join(certificates, 'server.crt'),
        ROSTRUM_TLS_KEY: join(certificates, 'server.key'),
        ...this.#options.env,
      },
      stopSignal: 'SIGTERM',
    });
    runningServers.add(this);
    try {
      const line = await this.waitForLog(({ msg }) => msg === 'listening', START_MS);
      if (typeof line.address !== 'string')
        throw new Error('"listening" was logged without address');
      this.#address = line.address;
    } catch (error) {
      await this.kill();
      throw error;
    }
  }

  /** SIGTERM: the server finishes what it has begun. Resolves with how it ended. */
  async terminate(patienceMs = 30_000): Promise<ProcessEnd> {
    runningServers.delete(this);
    return (await this.#process?.stop(patienceMs)) ?? { code: null, signal: null };
  }

  /** SIGKILL, unless another signal is named. Resolves when it has ended. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<ProcessEnd> {
    runningServers.delete(this);
    return (await this.#process?.kill(signal)) ?? { code: null, signal: null };
  }

  /** Sends a signal (SIGSTOP, SIGCONT, SIGHUP) and does not wait. */
  signal(signal: NodeJS.Signals): void {
    this.#process?.signal(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.terminate();
  }
}

/** The settings of whoever runs the tests must not reach the server under test. */
function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(
      ([key]) => !/^(ROSTRUM_|PG|VITEST|NODE_OPTIONS$|NODE_ENV$)/.test(key),
    ),
  );
}

function parseLine(text: string): LogLine {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as LogLine;
  } catch {
    // Not from the logger: a warning of Node, a stack.
  }
  return { msg: text };
}
