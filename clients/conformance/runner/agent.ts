import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { within } from '../../../server/src/within.ts';
import { isObject, type Json, type JsonObject } from './json.ts';

/** How the agent of a language is started. */
export interface AgentCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** What an agent answered: `ok`, `error`, `foreign` or `unsupported`, as PROTOCOL.md has them. */
export type Answer = JsonObject;

/** The client of some language, as a process that obeys. */
export class Agent {
  /** All events so far, oldest first. */
  readonly events: JsonObject[] = [];
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #answers = new Map<number, PromiseWithResolvers<Answer>>();
  readonly #ended: Promise<string>;
  #changed = Promise.withResolvers<void>();
  #errors = '';
  #made = 0;
  #death: string | undefined;

  constructor({ command, args, cwd, env }: AgentCommand) {
    this.#process = spawn(command, args, { cwd, env: { ...process.env, ...env } });
    this.#process.stderr.on('data', (chunk: Buffer) => {
      this.#errors = (this.#errors + String(chunk)).slice(-8_000);
    });
    this.#process.stdin.on('error', () => {});
    createInterface({ input: this.#process.stdout }).on('line', (line) => this.#take(line));
    this.#ended = new Promise((resolve) => {
      this.#process.once('error', (error) => resolve(String(error)));
      this.#process.once('close', (code, signal) => resolve(`${signal ?? code}`));
    });
    void this.#ended.then((how) => {
      this.#death = `the agent ended (${how})`;
      for (const { reject } of this.#answers.values()) reject(this.#problem(this.#death));
      this.#answers.clear();
      this.#tell();
    });
  }

  /** What it wrote to its standard error, lately. */
  get errors(): string {
    return this.#errors;
  }

  /** Sends a request. @returns its number and the answer, which rejects if the agent ends before */
  request(request: JsonObject): { id: number; answer: Promise<Answer> } {
    this.#made += 1;
    const id = this.#made;
    const waiting = Promise.withResolvers<Answer>();
    waiting.promise.catch(() => {});
    if (this.#death === undefined) {
      this.#answers.set(id, waiting);
      this.#process.stdin.write(`${JSON.stringify({ id, ...request })}\n`);
    } else {
      waiting.reject(this.#problem(this.#death));
    }
    return { id, answer: waiting.promise };
  }

  /** Resolves when there are more events than `known`. */
  async moreEvents(known: number): Promise<void> {
    while (this.events.length <= known) {
      if (this.#death !== undefined) throw this.#problem(this.#death);
      await this.#changed.promise;
    }
  }

  /** Ends its input. @throws Error if it does not end with code 0 within `ms` milliseconds */
  async end(ms: number): Promise<void> {
    this.#process.stdin.end();
    const how = await within(ms, this.#ended, undefined);
    if (how === '0') return;
    await this.kill();
    throw this.#problem(
      how === undefined
        ? `the agent still runs ${ms} ms after its input ended: something was left open`
        : `the agent ended with ${how}`,
    );
  }

  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    this.#process.kill('SIGKILL');
    await once(this.#process, 'close');
  }

  #take(line: string): void {
    const message = parse(line);
    if (message === undefined) {
      this.#errors += `\nno JSON on its standard output: ${line}\n`;
    } else if (typeof message.id === 'number') {
      const waiting = this.#answers.get(message.id);
      this.#answers.delete(message.id);
      waiting?.resolve(message);
    } else {
      this.events.push(message);
      this.#tell();
    }
  }

  #tell(): void {
    const { resolve } = this.#changed;
    this.#changed = Promise.withResolvers<void>();
    resolve();
  }

  #problem(what: string): Error {
    return new Error(this.#errors === '' ? what : `${what}; it said:\n${this.#errors.trim()}`);
  }
}

function parse(line: string): JsonObject | undefined {
  try {
    const value = JSON.parse(line) as Json;
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
