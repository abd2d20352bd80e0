import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { ROOT } from '../../foreground.ts';
import { SERVER_FLAGS } from '../../services/server-flags.ts';
import type { ServiceProcess } from '../../services/service-process.ts';
import { temporaryDirectory } from '../../services/temporary-directory.ts';
import { newRun } from '../bench.ts';
import { BenchProcess } from '../child-process.ts';
import type { BenchOptions } from '../options.ts';
import { countSubmissions, seed } from '../seed.ts';
import { startServer } from '../server-process.ts';
import { type BenchStores, prepareStores } from '../stores.ts';
import type { Undoing } from '../undoing.ts';
import { type Mix, OTHERS, partsOf, probesOf, TINY } from './groups.ts';
import type { FromOutageLoad, ToOutageLoad } from './messages.ts';
import { Recorder } from './recorder.ts';

/** Submission ids of two processes never meet. */
const SUBMISSIONS_APART = 1e11;
const MEMORY_EVERY_MS = 100;

type LoadProcess = BenchProcess<ToOutageLoad, FromOutageLoad>;

/** The stores, the server and the load of a benchmark of outages. */
export class OutageStage {
  readonly stores: BenchStores;
  readonly recorder = new Recorder();
  readonly #server: ServiceProcess;
  readonly #load: readonly LoadProcess[];
  readonly #mix: Mix;
  /** Of the server, in bytes, with the time. */
  readonly #memory: { readonly at: number; readonly bytes: number }[] = [];

  /** Starts everything, with the boards full; the load does not run yet. */
  static async start(
    options: BenchOptions,
    undoing: Undoing,
    report: (line: string) => void,
  ): Promise<OutageStage> {
    const directory = temporaryDirectory('rostrum-bench-');
    undoing.add(directory.remove);
    const { certificates, stores } = await prepareStores(directory.path, undoing, report);
    report(`making a board of ${options.players.toLocaleString('en')} players, and small ones`);
    await seed(stores.postgres.url(), options.players, [OTHERS, TINY]);
    const { process: server, port } = await startServer({
      name: 'the server',
      directory: ROOT,
      flags: [...SERVER_FLAGS, ...options.serverFlags],
      databaseUrl: stores.postgres.url(),
      redisUrl: stores.redis.url(),
      certificates,
      writeLanes: options.writeLanes,
    });
    undoing.add(() => server.stop());

    const script = join(ROOT, 'scripts/bench/outage/load.ts');
    const { loadProcesses, connections } = options;
    const load = Array.from(
      { length: loadProcesses },
      (_, number): LoadProcess =>
        new BenchProcess(`load ${number + 1}`, [process.execPath, script], process.env),
    );
    for (const each of load) undoing.add(() => each.end());
    await Promise.all(
      load.map(async (each, number) => {
        const connected = each.next('connected');
        each.send({
          kind: 'connect',
          port,
          certificates,
          connections: Math.max(1, Math.ceil(connections / loadProcesses)),
          firstSubmission: number * SUBMISSIONS_APART,
        });
        await connected;
      }),
    );
    const { callers, players, ranks } = options;
    const stage = new OutageStage(stores, server, load, { callers, players, ranks, run: newRun() });
    const timer = setInterval(() => stage.#noteMemory(), MEMORY_EVERY_MS);
    undoing.add(() => clearInterval(timer));
    return stage;
  }

  constructor(stores: BenchStores, server: ServiceProcess, load: readonly LoadProcess[], mix: Mix) {
    this.stores = stores;
    this.#server = server;
    this.#load = load;
    this.#mix = mix;
    for (const each of load) each.onEach('tick', (tick) => this.recorder.add(tick));
  }

  /** All of it, or only what tells whether boards are ranked. Resolves when it has begun. */
  async loadWith(what: 'everything' | 'probes'): Promise<void> {
    const count = this.#load.length;
    await Promise.all(
      this.#load.map(async (each, number) => {
        const loading = each.next('loading');
        const parts =
          what === 'everything' ? partsOf(this.#mix, number, count) : probesOf(this.#mix, count);
        each.send({ kind: 'load', parts });
        await loading;
      }),
    );
  }

  /** Rejects when a process of the load or the server ends. */
  get failed(): Promise<never> {
    const failures = this.#load.map(async (each) => {
      const { message } = await each.next('failed');
      throw new Error(message);
    });
    const ended = this.#server.ended.then(() => {
      throw new Error(`the server ended:\n${this.#server.tail(30)}`);
    });
    return Promise.race([...failures, ended]);
  }

  /** The most memory of the server between two moments, in bytes; undefined where unknown. */
  memory(from: number, to: number): number | undefined {
    const within = this.#memory.filter(({ at }) => at >= from && at <= to);
    return within.length === 0 ? undefined : Math.max(...within.map(({ bytes }) => bytes));
  }

  async onRedis<T>(work: (redis: Redis) => Promise<T>): Promise<T> {
    const redis = new Redis(this.stores.redis.url());
    try {
      return await work(redis);
    } finally {
      redis.disconnect();
    }
  }

  /** How many submissions PostgreSQL has. */
  async recorded(): Promise<number> {
    return (await countSubmissions(this.stores.postgres.url(), this.#mix.run)).recorded;
  }

  #noteMemory(): void {
    try {
      const status = readFileSync(`/proc/${this.#server.pid}/status`, 'latin1');
      const kilobytes = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]);
      if (kilobytes > 0) this.#memory.push({ at: Date.now(), bytes: 1024 * kilobytes });
    } catch {
      // No /proc here, or the server has just ended.
    }
  }
}
