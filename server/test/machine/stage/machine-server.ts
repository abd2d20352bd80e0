import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { SERVER_FLAGS } from '../../../../scripts/services/server-flags.ts';
import { ServiceProcess } from '../../../../scripts/services/service-process.ts';

const START_MS = 60_000;

/** A server process that can be killed, stopped and started again on the same port. */
export class MachineServer {
  readonly number: number;
  readonly #options: { readonly root: string; readonly env: Record<string, string> };
  readonly #logFile: string;
  #process: ServiceProcess | undefined;
  #address = '127.0.0.1:0';
  /** Whether it is meant to run: an end that nobody asked for is a finding. */
  #wanted = false;
  readonly #crashes: string[] = [];

  /** @param root where `server/dist/main.js` lies */
  constructor(number: number, root: string, env: Record<string, string>, logFile: string) {
    this.number = number;
    this.#options = { root, env };
    this.#logFile = logFile;
  }

  get name(): string {
    return `server ${this.number}`;
  }

  /** `host:port`; the same after a restart. */
  get address(): string {
    return this.#address;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Whether it was started and not ended on purpose. */
  get isRunning(): boolean {
    return this.#wanted;
  }

  /** Each time that it ended by itself, with its last words. */
  get crashes(): readonly string[] {
    return this.#crashes;
  }

  /** Resolves when it listens; it tries until then, as an operator's supervisor would. */
  async start(): Promise<void> {
    this.#wanted = true;
    const giveUpAt = performance.now() + START_MS;
    for (;;) {
      try {
        await this.#startOnce();
        return;
      } catch (error) {
        if (performance.now() > giveUpAt) throw error;
        await delay(200);
      }
    }
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    this.#wanted = false;
    await this.#process?.kill('SIGKILL');
  }

  async terminate(): Promise<void> {
    this.#wanted = false;
    this.signal('SIGCONT');
    await this.#process?.stop(15_000);
  }

  signal(signal: NodeJS.Signals): void {
    this.#process?.signal(signal);
  }

  async #startOnce(): Promise<void> {
    const child = await ServiceProcess.spawn({
      name: this.name,
      command: process.execPath,
      args: [...SERVER_FLAGS, join(this.#options.root, 'server/dist/main.js')],
      cwd: this.#options.root,
      env: {
        PATH: process.env.PATH ?? '',
        ...this.#options.env,
        ROSTRUM_ADDRESS: this.#address,
      },
      logFile: this.#logFile,
      stopSignal: 'SIGTERM',
    });
    this.#process = child;
    let listening = false;
    this.#address = await new Promise<string>((resolve, reject) => {
      child.onLine((line) => {
        if (!line.includes('"listening"')) return;
        listening = true;
        resolve(String((JSON.parse(line) as { address: unknown }).address));
      });
      void child.ended.then(({ code, signal }) => {
        if (listening && this.#wanted && this.#process === child) {
          this.#crashes.push(`${this.name} ended by itself (${signal ?? code}): ${child.tail(5)}`);
        }
        reject(new Error(`${this.name} ended before it served: ${child.tail(5)}`));
      });
    });
  }
}
