import type { ServiceProcess } from '../../services/service-process.ts';
import { commandOfLoad, untilIndexed } from '../bench.ts';
import { LoadCrew } from '../load-crew.ts';
import type { Run } from '../messages.ts';
import type { OperationName } from '../operations.ts';
import type { BenchOptions } from '../options.ts';
import { templateOf } from '../request-templates.ts';
import { startServer } from '../server-process.ts';
import { type BenchStores, query } from '../stores.ts';
import type { Undoing } from '../undoing.ts';
import type { Tree } from './tree.ts';

const WARM_UP_MS = 300;

/** One stretch of load. Latencies in milliseconds. */
export interface AgainstSlice {
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
}

/** What contenders share. */
export interface Surroundings {
  readonly stores: BenchStores;
  readonly certificates: string;
  readonly options: BenchOptions;
  /** Marks submissions, see `newRun`. */
  readonly run: string;
  readonly undoing: Undoing;
  readonly report: (line: string) => void;
}

/** One of two trees: its server, on a database of its own in the shared stores, and load for it. */
export class Contender {
  readonly tree: Tree;
  readonly #databaseUrl: string;
  readonly #around: Surroundings;
  readonly #server: ServiceProcess;
  readonly #load: LoadCrew;
  #acknowledged = 0;

  /** @param number tells the two apart, from 0 */
  static async start(tree: Tree, number: number, around: Surroundings): Promise<Contender> {
    const { stores, certificates, options, run, undoing, report } = around;
    const { players, connections, client, loadProcesses } = options;
    const database = `contender_${number}`;
    await query(stores.postgres.url(), `CREATE DATABASE ${database}`);
    const databaseUrl = stores.postgres.url(database);
    report(`${tree.name}: making a board of ${players.toLocaleString('en')} players`);
    await tree.seed(databaseUrl, players);
    const { process: server, port } = await startServer({
      name: `the server of ${tree.name}`,
      directory: tree.directory,
      flags: [...tree.serverFlags, ...options.serverFlags],
      databaseUrl,
      redisUrl: stores.redis.url(number),
      certificates,
      writeLanes: options.writeLanes,
    });
    undoing.add(() => server.stop());
    const load = new LoadCrew(commandOfLoad(client), loadProcesses);
    undoing.add(() => load.end());
    await load.connect({ ports: { tls: port }, certificates, connections, players });
    report(`${tree.name}: building the index`);
    await untilIndexed(load, templateOf('rank', run), players);
    return new Contender(tree, databaseUrl, around, server, load);
  }

  constructor(
    tree: Tree,
    databaseUrl: string,
    around: Surroundings,
    server: ServiceProcess,
    load: LoadCrew,
  ) {
    this.tree = tree;
    this.#databaseUrl = databaseUrl;
    this.#around = around;
    this.#server = server;
    this.#load = load;
  }

  get serverPid(): number {
    return this.#server.pid;
  }

  get loadPids(): readonly number[] {
    return this.#load.pids;
  }

  /** @throws Error when calls fail */
  async measure(operation: OperationName, measureMs: number): Promise<AgainstSlice> {
    const { callers, streamWindow } = this.#around.options;
    const run: Run = {
      kind: 'run',
      template: templateOf(operation, this.#around.run),
      transport: 'tls',
      callers,
      streamWindow,
      warmUpMs: WARM_UP_MS,
      measureMs,
      rate: undefined,
    };
    const { count, elapsedMs, p50, p99, acknowledged, failures } = await this.#load.run(
      run,
      () => undefined,
    );
    const failed = Object.entries(failures);
    if (failed.length > 0) {
      const counts = failed.map(([status, calls]) => `${calls} with gRPC status ${status}`);
      throw new Error(`${this.tree.name}, ${operation}: calls failed: ${counts.join(', ')}`);
    }
    if (operation === 'submit' || operation === 'stream' || operation === 'batch-100') {
      this.#acknowledged += acknowledged;
    }
    return { rate: (1000 * count) / elapsedMs, p50, p99 };
  }

  /** Compares what was acknowledged with what PostgreSQL has. @throws Error if they differ */
  async verify(): Promise<string> {
    const { recorded } = await this.tree.countSubmissions(this.#databaseUrl, this.#around.run);
    if (recorded !== this.#acknowledged) {
      throw new Error(
        `${this.tree.name}: ${this.#acknowledged} acknowledged, but ${recorded} recorded`,
      );
    }
    return `${this.tree.name}: ${recorded.toLocaleString('en')} submissions acknowledged, as many recorded`;
  }
}
