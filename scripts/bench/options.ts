import { parseArgs } from 'node:util';
import { LOAD_CLIENTS, type LoadClient } from './messages.ts';
import { OPERATIONS, type Operation } from './operations.ts';

export interface BenchOptions {
  readonly players: number;
  /** Seconds measured for each operation and round. */
  readonly seconds: number;
  readonly rounds: number;
  /** Echo is always among them. */
  readonly operations: readonly Operation[];
  /** Another commit to compare this tree with, as git names it. */
  readonly against: string | undefined;
  /** Whether what happens without an index is measured, and nothing else. */
  readonly outage: boolean;
  /** Ranks of the large board that are offered a second while its index is lost. */
  readonly ranks: number;
  /** Whether the fan-out of watches is measured, and nothing else. */
  readonly watch: boolean;
  readonly watches: number;
  /** Over how many connections the watches are spread, one measurement each. */
  readonly watchConnections: readonly number[];
  readonly callers: number;
  readonly connections: number;
  readonly client: LoadClient;
  readonly loadProcesses: number;
  readonly streamWindow: number;
  readonly writeLanes: number | undefined;
  /** For Node, which runs the server. */
  readonly serverFlags: readonly string[];
  /** Whether mutual TLS is compared with plaintext. */
  readonly tls: boolean;
  /** Whether latency at half the rate is measured. */
  readonly latency: boolean;
  readonly profile: boolean;
  /** For how many seconds a slice that other programs disturb is measured again and again. */
  readonly quietSeconds: number;
  readonly strict: boolean;
  readonly json: string | undefined;
  /** Whether the tables go into docs/benchmarks.md. */
  readonly updateDocs: boolean;
}

export const USAGE = `npm run bench -- [options]
  --players N        players on the board (1000000)
  --seconds N        seconds measured for each operation and round (3), or phase of an outage (10)
  --rounds N         rounds; the medians count (5), or changes of watch (20)
  --only A,B         operations: ${OPERATIONS.map(({ name }) => name).join(', ')} (all);
                     or outage alone: what happens while the index is lost;
                     or watch alone: what many watches of one view cost; needs Go
  --ranks N          of outage: ranks of the large board that are offered a second (60)
  --watches N        of watch: watches of the view (10000)
  --watch-connections A,B  of watch: connections that they are spread over (40,1000,10000)
  --against REF      this tree and that of a commit in turns, on the same stores
  --callers N        callers, each waiting for its answer (64)
  --connections N    connections that they share (4)
  --client NAME      library: @grpc/grpc-js, as callers in Node have it; go: grpc-go, which takes
                     less of the machine and needs Go (library)
  --load-processes N processes that make the load (2 of the library client, else 1)
  --stream-window N  submissions that each streaming caller has under way (16)
  --write-lanes N    ROSTRUM_WRITE_LANES of the server (its default)
  --server-flag F    a flag for the Node that runs the server; may be repeated
  --no-tls           leave out mutual TLS against plaintext
  --no-latency       leave out latency at a fixed rate
  --profile          also write a CPU profile of the server for each operation, and its summary
  --quick            100,000 players, 3 rounds of 1 second
  --quiet N          measure again what other programs disturb, for N seconds each time (0)
  --json FILE        where the figures go (.rostrum/bench/<time>.json)
  --update-docs      put the tables into docs/benchmarks.md
  --strict           fail when a floor is missed`;

/** @throws Error for what is not understood */
export function readOptions(args: readonly string[]): BenchOptions | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      players: { type: 'string' },
      seconds: { type: 'string' },
      rounds: { type: 'string' },
      only: { type: 'string' },
      against: { type: 'string' },
      ranks: { type: 'string', default: '60' },
      watches: { type: 'string', default: '10000' },
      'watch-connections': { type: 'string', default: '40,1000,10000' },
      callers: { type: 'string', default: '64' },
      connections: { type: 'string', default: '4' },
      client: { type: 'string', default: 'library' },
      'load-processes': { type: 'string' },
      'stream-window': { type: 'string', default: '16' },
      'write-lanes': { type: 'string' },
      'server-flag': { type: 'string', multiple: true, default: [] },
      'no-tls': { type: 'boolean', default: false },
      'no-latency': { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      quiet: { type: 'string' },
      json: { type: 'string' },
      'update-docs': { type: 'boolean', default: false },
      strict: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false, short: 'h' },
    },
  });
  if (values.help) return 'help';
  const { quick } = values;
  const outage = values.only === 'outage';
  if (outage && values.against !== undefined) {
    throw new Error('--against compares operations in fair weather, not --only outage');
  }
  const watch = values.only === 'watch';
  const watches = whole('watches', values.watches, 1, 18_000);
  const client = clientOf(values.client);
  const lanes = values['write-lanes'];
  return {
    players: whole('players', values.players ?? (quick ? '100000' : '1000000'), 1000, 10_000_000),
    seconds: positive(
      'seconds',
      values.seconds ?? (outage ? (quick ? '3' : '10') : quick ? '1' : '3'),
    ),
    rounds: whole('rounds', values.rounds ?? (watch ? '20' : quick ? '3' : '5'), 1, 100),
    operations: outage || watch ? [] : chosen(values.only),
    against: values.against,
    outage,
    ranks: whole('ranks', values.ranks, 1, 100_000),
    watch,
    watches,
    watchConnections: values['watch-connections']
      .split(',')
      .map((each) => Math.min(watches, whole('watch-connections', each, 1, 18_000))),
    callers: whole('callers', values.callers, 1, 10_000),
    connections: whole('connections', values.connections, 1, 1000),
    client,
    loadProcesses: whole(
      'load-processes',
      values['load-processes'] ?? (client === 'library' ? '2' : '1'),
      1,
      64,
    ),
    streamWindow: whole('stream-window', values['stream-window'], 1, 1024),
    writeLanes: lanes === undefined ? undefined : whole('write-lanes', lanes, 1, 32),
    serverFlags: values['server-flag'],
    tls: !values['no-tls'],
    latency: !values['no-latency'],
    profile: values.profile,
    quietSeconds: values.quiet === undefined ? 0 : positive('quiet', values.quiet),
    strict: values.strict,
    json: values.json,
    updateDocs: values['update-docs'],
  };
}

function clientOf(name: string): LoadClient {
  const client = LOAD_CLIENTS.find((each) => each === name);
  if (client === undefined) throw new Error(`--client must be one of ${LOAD_CLIENTS.join(', ')}`);
  return client;
}

function chosen(only: string | undefined): readonly Operation[] {
  if (only === undefined) return OPERATIONS;
  const names = only.split(',');
  const unknown = names.find((name) => !OPERATIONS.some((operation) => operation.name === name));
  if (unknown !== undefined) throw new Error(`--only: there is no operation ${unknown}`);
  return OPERATIONS.filter(({ name }) => name === 'echo' || names.includes(name));
}

function whole(name: string, text: string, minimum: number, maximum: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= minimum && value <= maximum) return value;
  throw new Error(`--${name} must be a whole number from ${minimum} to ${maximum}`);
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (value >= 0.1 && value <= 600) return value;
  throw new Error(`--${name} must be a number from 0.1 to 600`);
}
