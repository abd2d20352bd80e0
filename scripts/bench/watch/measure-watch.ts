import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { SubmitScoreRequest } from '../../../server/dist/gen/rostrum/v1/score.js';
import { WatchStandingsRequest } from '../../../server/dist/gen/rostrum/v1/watch.js';
import { temporaryDirectory } from '../../services/temporary-directory.ts';
import { presentTree, type Tree, treeOf } from '../against/tree.ts';
import { describeMachine } from '../bench.ts';
import { BenchProcess } from '../child-process.ts';
import { CpuMeter } from '../cpu-meter.ts';
import { buildGoTool } from '../go-tool.ts';
import { BOARD } from '../operations.ts';
import type { BenchOptions } from '../options.ts';
import { type RequestTemplate, submissionOf, template, templateOf } from '../request-templates.ts';
import { keepResults } from '../results.ts';
import { startServer } from '../server-process.ts';
import { type Spread, spreadOf } from '../spread.ts';
import { type BenchStores, prepareStores, query } from '../stores.ts';
import { table } from '../table.ts';
import type { Undoing } from '../undoing.ts';
import type { Changed, FromWatchLoad, ToWatchLoad } from './messages.ts';

/** Changes before those that count, so that the server has compiled what they run. */
const WARM_UP_CHANGES = 10;
/** Between two changes: longer than the least interval of a watch, which is 50 ms unless it asks for another. */
const PAUSE_MS = 300;
const PLAYERS = 1_000;
/** Above every score that the board begins with. */
const FIRST_SCORE = 10_000_000;
const TOP_COUNT = 10;

/** Watches of one view over a number of connections. Times in milliseconds. */
interface WatchRow {
  readonly tree: string;
  readonly connections: number;
  /** CPU time of the server for one change and one watch, in microseconds; undefined: unknown. */
  readonly serverUs: number | undefined;
  /** Cores that all other programs kept busy. */
  readonly others: number | undefined;
  readonly first: Spread;
  readonly median: Spread;
  readonly last: Spread;
}

interface Stage {
  readonly stores: BenchStores;
  readonly certificates: string;
  readonly options: BenchOptions;
  readonly undoing: Undoing;
  readonly report: (line: string) => void;
}

/** What a change of a view with very many watches costs, and when the watches hear of it. */
export async function measureWatch(options: BenchOptions, undoing: Undoing): Promise<void> {
  const report = (line: string) => console.log(line);
  const directory = temporaryDirectory('rostrum-bench-');
  undoing.add(directory.remove);
  const trees = [await presentTree()];
  if (options.against !== undefined) {
    trees.unshift(await treeOf(options.against, join(directory.path, 'tree'), report));
  }
  const { certificates, stores } = await prepareStores(directory.path, undoing, report);
  const stage: Stage = { stores, certificates, options, undoing, report };
  for (const [number, tree] of trees.entries()) {
    await query(stores.postgres.url(), `CREATE DATABASE ${databaseOf(number)}`);
    await tree.seed(stores.postgres.url(databaseOf(number)), PLAYERS);
  }
  const rows: WatchRow[] = [];
  for (const connections of options.watchConnections) {
    for (const [number, tree] of trees.entries()) {
      rows.push(await measureRow(tree, number, connections, stage));
    }
  }
  const circumstances = [
    describeMachine(),
    ...stores.description,
    `${options.watches.toLocaleString('en')} watches of the top ${TOP_COUNT} by a client in Go; two rows change places; medians of ${options.rounds} changes`,
  ];
  const text = `${circumstances.map((line) => `- ${line}`).join('\n')}\n\n${render(rows)}\n`;
  keepResults(text, { options, circumstances, rows }, options.json);
}

async function measureRow(
  tree: Tree,
  number: number,
  connections: number,
  { stores, certificates, options, undoing, report }: Stage,
): Promise<WatchRow> {
  const { watches, rounds } = options;
  const { process: server, port } = await startServer({
    name: `the server of ${tree.name}`,
    directory: tree.directory,
    flags: [...tree.serverFlags, ...options.serverFlags],
    databaseUrl: stores.postgres.url(databaseOf(number)),
    redisUrl: stores.redis.url(number),
    certificates,
    writeLanes: options.writeLanes,
  });
  undoing.add(() => server.stop());
  const load = new BenchProcess<ToWatchLoad, FromWatchLoad>(
    'the load',
    [buildGoTool('bench-load')],
    process.env,
  );
  undoing.add(() => load.end());
  const ask = async <Kind extends FromWatchLoad['kind']>(message: ToWatchLoad, kind: Kind) => {
    const answer = load.next(kind);
    load.send(message);
    return await answer;
  };
  const connect = { ports: { tls: port }, certificates, players: PLAYERS } as const;
  await ask({ kind: 'connect', connections: 1, firstSubmission: 0, ...connect }, 'connected');
  // Ten thousand calls at once are no time for a server to find its stores.
  await ask({ kind: 'probe', template: templateOf('rank', 'watch') }, 'probed');
  report(`${tree.name}: opening ${watches} watches on ${connections} connections`);
  await ask({ kind: 'watch', connections, watches, template: watchTop() }, 'watching');

  const change = async (): Promise<Changed> => {
    await delay(PAUSE_MS);
    return await ask({ kind: 'change', template: nextLeader() }, 'changed');
  };
  for (let count = 0; count < WARM_UP_CHANGES; count += 1) await change();
  const meter = new CpuMeter({
    server: [server.pid],
    own: [load.pid, stores.postgres.pid ?? 0, stores.redis.pid ?? 0],
  });
  const before = meter.read();
  const begunAt = performance.now();
  const changes: Changed[] = [];
  for (let count = 0; count < rounds; count += 1) changes.push(await change());
  await delay(PAUSE_MS);
  const seconds = (performance.now() - begunAt) / 1000;
  const after = meter.read();
  await load.end();
  await server.stop();

  const spent = (name: 'server' | 'own') =>
    before && after && after.processes[name] - before.processes[name];
  const serverS = spent('server');
  const ownS = spent('own');
  return {
    tree: tree.name,
    connections,
    serverUs: serverS && (1e6 * serverS) / (rounds * watches),
    others:
      before &&
      after &&
      Math.max(0, after.machine - before.machine - (serverS ?? 0) - (ownS ?? 0)) / seconds,
    first: spreadOf(changes.map(({ first }) => first)),
    median: spreadOf(changes.map(({ median }) => median)),
    last: spreadOf(changes.map(({ last }) => last)),
  };
}

function databaseOf(number: number): string {
  return `watch_${number}`;
}

function watchTop(): RequestTemplate {
  const request = WatchStandingsRequest.encode({
    ...{ leaderboardId: BOARD, seasonId: '', segment: undefined },
    ...{ minInterval: undefined, resumeToken: '' },
    view: { $case: 'top', value: { count: TOP_COUNT } },
  });
  return template('/rostrum.v1.WatchService/WatchStandings', request.finish());
}

let submissions = 0;

/** Two players overtake each other in turn. */
function nextLeader(): RequestTemplate {
  submissions += 1;
  const submission = {
    ...submissionOf(`watch-${submissions}`, BOARD),
    playerId: `leader-${submissions % 2}`,
    score: FIRST_SCORE + submissions,
  };
  const request = SubmitScoreRequest.encode({ submission });
  return template('/rostrum.v1.ScoreService/SubmitScore', request.finish());
}

function render(rows: readonly WatchRow[]): string {
  const time = ({ median, low, high }: Spread) =>
    `${median.toFixed(0)} (${low.toFixed(0)}–${high.toFixed(0)}) ms`;
  return table(
    ['Connections', 'tree', 'server µs a watch', 'first', 'median', 'last', 'others cores'],
    rows.map(({ connections, tree, serverUs, first, median, last, others }) => [
      connections.toLocaleString('en'),
      tree,
      serverUs?.toFixed(1) ?? '',
      time(first),
      time(median),
      time(last),
      others?.toFixed(2) ?? '',
    ]),
  );
}
