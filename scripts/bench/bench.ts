import { cpus } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ROOT } from '../foreground.ts';
import { SERVER_FLAGS } from '../services/server-flags.ts';
import { temporaryDirectory } from '../services/temporary-directory.ts';
import { BenchProcess, type Command } from './child-process.ts';
import { CpuMeter, type CpuTimes } from './cpu-meter.ts';
import { buildGoTool } from './go-tool.ts';
import { LoadCrew } from './load-crew.ts';
import type { FromServer, LoadClient, Result, Run, ToServer, Transport } from './messages.ts';
import type { OperationName } from './operations.ts';
import type { BenchOptions } from './options.ts';
import { type RequestTemplate, templateOf } from './request-templates.ts';
import { countSubmissions, seed } from './seed.ts';
import { type BenchStores, prepareStores } from './stores.ts';
import type { Undoing } from './undoing.ts';

/** Processes whose CPU time is told apart. */
export const PROCESSES = ['server', 'load', 'postgres', 'redis'] as const;
export type ProcessName = (typeof PROCESSES)[number];

/** Cores kept busy by each process, and by everything else on the machine. */
export type Cores = Readonly<Record<ProcessName | 'others', number>>;

/** One stretch of load. */
export interface Slice {
  readonly result: Result;
  /** Calls or submissions a second. */
  readonly rate: number;
  /** Cores that were kept busy; undefined where that cannot be read. */
  readonly cores: Cores | undefined;
}

/** Other programs may keep this many cores busy and the slice still counts as undisturbed. */
export const QUIET_CORES = 0.25;
const WARM_UP_MS = 2_000;
const INDEX_PATIENCE_MS = 10 * 60 * 1000;

/** What differs from the options. */
export type Load = Pick<Run, 'transport'> & Partial<Pick<Run, 'rate' | 'measureMs' | 'warmUpMs'>>;

/** The stores, the server and the load process of one benchmark. */
export class Bench {
  readonly stores: BenchStores;
  readonly #options: BenchOptions;
  readonly #run: string;
  readonly #server: BenchProcess<ToServer, FromServer>;
  readonly #load: LoadCrew;
  readonly #meter: CpuMeter<ProcessName>;
  #acknowledged = 0;

  /** Starts everything, with the board full and its index built. */
  static async start(
    options: BenchOptions,
    report: (line: string) => void,
    undoing: Undoing,
  ): Promise<Bench> {
    const loadCommand = commandOfLoad(options.client);
    const directory = temporaryDirectory('rostrum-bench-');
    undoing.add(directory.remove);
    const { certificates, stores } = await prepareStores(directory.path, undoing, report);
    report(`making a board of ${options.players.toLocaleString('en')} players`);
    await seed(stores.postgres.url(), options.players);

    const server = new BenchProcess<ToServer, FromServer>(
      'the server',
      [
        process.execPath,
        // As npm start and the Docker image run it.
        ...SERVER_FLAGS,
        ...options.serverFlags,
        join(ROOT, 'scripts/bench/server.ts'),
      ],
      {
        ...withoutSettings(process.env),
        DATABASE_URL: stores.postgres.url(),
        REDIS_URL: stores.redis.url(),
        ...certificateSettings(certificates),
        ROSTRUM_LOG_LEVEL: 'warn',
        ...(options.writeLanes && { ROSTRUM_WRITE_LANES: String(options.writeLanes) }),
      },
    );
    undoing.add(() => server.end());
    const { ports } = await server.next('ready');

    const run = newRun();
    const { connections, players, loadProcesses } = options;
    const load = new LoadCrew(loadCommand, loadProcesses);
    undoing.add(() => load.end());
    await load.connect({ ports, certificates, connections, players });
    const bench = new Bench({ options, run, stores, server, load });
    report('building the index');
    await untilIndexed(load, templateOf('rank', run), options.players);
    return bench;
  }

  constructor(parts: {
    options: BenchOptions;
    run: string;
    stores: BenchStores;
    server: BenchProcess<ToServer, FromServer>;
    load: LoadCrew;
  }) {
    this.#options = parts.options;
    this.#run = parts.run;
    this.stores = parts.stores;
    this.#server = parts.server;
    this.#load = parts.load;
    const { postgres, redis } = parts.stores;
    this.#meter = new CpuMeter({
      server: [this.#server.pid],
      load: this.#load.pids,
      postgres: [postgres.pid ?? 0],
      redis: [redis.pid ?? 0],
    });
  }

  /** Has the server compile what the operation runs. @throws Error when calls fail */
  async warmUp(operation: OperationName, transport: Transport): Promise<void> {
    await this.#measureOnce(operation, { transport, warmUpMs: 0, measureMs: WARM_UP_MS });
  }

  /** @throws Error when calls fail */
  async measure(operation: OperationName, how: Load): Promise<Slice> {
    const giveUpAt = Date.now() + 1000 * this.#options.quietSeconds;
    for (;;) {
      const slice = await this.#measureOnce(operation, how);
      const disturbed = (slice.cores?.others ?? 0) > QUIET_CORES;
      if (!disturbed || Date.now() >= giveUpAt) return slice;
    }
  }

  async #measureOnce(operation: OperationName, how: Load): Promise<Slice> {
    const { callers, streamWindow, seconds } = this.#options;
    let before: CpuTimes<ProcessName> | undefined;
    let after: CpuTimes<ProcessName> | undefined;
    const run: Run = {
      kind: 'run',
      template: templateOf(operation, this.#run),
      callers,
      streamWindow,
      warmUpMs: 300,
      measureMs: seconds * 1000,
      rate: undefined,
      ...how,
    };
    const result = await this.#load.run(run, (boundary) => {
      if (boundary === 'begun') before = this.#meter.read();
      else after = this.#meter.read();
    });
    const failures = Object.entries(result.failures);
    if (failures.length > 0) {
      const counts = failures.map(([status, count]) => `${count} with gRPC status ${status}`);
      throw new Error(`${operation}: calls failed: ${counts.join(', ')}`);
    }
    if (operation === 'submit' || operation === 'stream' || operation === 'batch-100') {
      this.#acknowledged += result.acknowledged;
    }
    return {
      result,
      rate: (1000 * result.count) / result.elapsedMs,
      cores: before && after && coresBusy(before, after, result.elapsedMs / 1000),
    };
  }

  /** Profiles the server while `work` runs, into a file for the developer tools of Chrome. */
  async profile(file: string, work: () => Promise<unknown>): Promise<void> {
    await this.#ask({ kind: 'startProfile' });
    await work();
    await this.#ask({ kind: 'stopProfile', file });
  }

  /** Compares what was acknowledged with what PostgreSQL has. @throws Error if they differ */
  async verify(): Promise<string> {
    const { recorded, applied } = await countSubmissions(this.stores.postgres.url(), this.#run);
    if (recorded !== this.#acknowledged) {
      throw new Error(`${this.#acknowledged} acknowledged, but ${recorded} recorded`);
    }
    const share = recorded === 0 ? 0 : Math.round((100 * applied) / recorded);
    return `${recorded.toLocaleString('en')} submissions acknowledged, as many recorded; ${share} % improved the player's score`;
  }

  async #ask(message: ToServer): Promise<void> {
    const done = this.#server.next('done');
    this.#server.send(message);
    await done;
  }
}

function coresBusy(from: CpuTimes<ProcessName>, to: CpuTimes<ProcessName>, seconds: number): Cores {
  const busy = (name: ProcessName) => (to.processes[name] - from.processes[name]) / seconds;
  const own = {
    server: busy('server'),
    load: busy('load'),
    postgres: busy('postgres'),
    redis: busy('redis'),
  };
  const all = (to.machine - from.machine) / seconds;
  const others = all - own.server - own.load - own.postgres - own.redis;
  return { ...own, others: Math.max(0, others) };
}

/** Marks the submissions of one run: seven letters or digits. */
export function newRun(): string {
  return `b${Date.now().toString(36).slice(-6)}`;
}

/** The program that makes the load. */
export function commandOfLoad(client: LoadClient): Command {
  return client === 'go'
    ? [buildGoTool('bench-load')]
    : [process.execPath, join(ROOT, 'scripts/bench/load.ts')];
}

/** The settings of a server with the certificates of a directory. */
export function certificateSettings(certificates: string): Record<string, string> {
  return {
    ROSTRUM_TLS_CA: join(certificates, 'ca.crt'),
    ROSTRUM_TLS_CERT: join(certificates, 'server.crt'),
    ROSTRUM_TLS_KEY: join(certificates, 'server.key'),
  };
}

/** Reads until an answer comes from the index: answers from the store of record have revision 0. */
export async function untilIndexed(
  load: LoadCrew,
  rank: RequestTemplate,
  players: number,
): Promise<void> {
  const giveUpAt = Date.now() + INDEX_PATIENCE_MS;
  for (;;) {
    const { totalPlayers, revision } = await load.probe(rank);
    if (totalPlayers !== players) throw new Error(`the board has ${totalPlayers} players`);
    if (revision > 0) return;
    if (Date.now() > giveUpAt) throw new Error('the index was not built in time');
    await delay(200);
  }
}

export function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('ROSTRUM_')));
}

/** The machine and the runtime, in one line. */
export function describeMachine(): string {
  const processors = cpus();
  const model = processors[0]?.model.trim() ?? 'unknown processor';
  return `${processors.length} × ${model}, ${process.platform}, Node ${process.versions.node}`;
}
