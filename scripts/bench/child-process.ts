import { type ChildProcess, spawn } from 'node:child_process';
import type { EventEmitter } from 'node:events';

export type Command = readonly [program: string, ...args: string[]];

/** A process of the benchmark, spoken to by messages. It ends with this process at the latest. */
export class BenchProcess<To extends object, From extends { readonly kind: string }> {
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #waiting = new Set<(message: From | Error) => boolean>();
  #failure: Error | undefined;

  /** @param command a program that takes messages from Node, with its arguments */
  constructor(name: string, [program, ...args]: Command, env: NodeJS.ProcessEnv) {
    this.#name = name;
    this.#child = spawn(program, args, { env, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#child.on('message', (message) => this.#tell(message as From));
    const events: EventEmitter = this.#child;
    events.on('error', (error: Error) => this.#tell(error));
    events.on('exit', (code: number | null, signal: string | null) => {
      this.#tell(new Error(`${name} ended (${signal ?? `code ${code}`})`));
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  send(message: To): void {
    this.#child.send(message);
  }

  /** Resolves with the next message of a kind. @throws Error when the process fails or ends. */
  next<Kind extends From['kind']>(kind: Kind): Promise<Extract<From, { readonly kind: Kind }>> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      const listener = (message: From | Error): boolean => {
        if (message instanceof Error) reject(message);
        else if (message.kind === kind) resolve(message as Extract<From, { readonly kind: Kind }>);
        else if (message.kind === 'failed') {
          const { message: text } = message as unknown as { message: string };
          reject(new Error(`${this.#name}: ${text}`));
        } else return false;
        return true;
      };
      this.#waiting.add(listener);
    });
  }

  /** Hears of all messages of a kind from now on. */
  onEach<Kind extends From['kind']>(
    kind: Kind,
    listener: (message: Extract<From, { readonly kind: Kind }>) => void,
  ): void {
    this.#child.on('message', (message) => {
      const { kind: told } = message as From;
      if (told === kind) listener(message as Extract<From, { readonly kind: Kind }>);
    });
  }

  /** Ends the process and waits for that. */
  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.disconnect();
    await ended;
  }

  #tell(message: From | Error): void {
    if (message instanceof Error) this.#failure = message;
    for (const listener of [...this.#waiting]) {
      if (listener(message)) this.#waiting.delete(listener);
    }
  }
}
