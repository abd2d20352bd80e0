import type { IdentityStats, MethodStats, ServerStats, StoreStats } from '@rostrum/client';
import type { Command } from 'commander';
import type { CommandRunner } from '../command-runner.js';
import { statsOfWorkers } from '../connection/stats-of-workers.js';
import { formatBytes, formatCount, formatDuration } from '../output/format-number.js';
import type { Output } from '../output/output.js';
import { safeText } from '../output/safe-text.js';
import { renderTable } from '../output/table.js';

export function registerStats(program: Command, runner: CommandRunner): void {
  program
    .command('stats')
    .description('show what the server is doing: calls, submissions, watches, stores')
    .option('--all-workers', 'of each of the processes that share the address (ROSTRUM_WORKERS)')
    .action(
      runner.handle<[], StatsOptions>(async (context, { allWorkers }) => {
        const { call, output } = context;
        if (allWorkers) {
          const all = await statsOfWorkers(() => context.connectApart('admin'), call);
          show(all, output);
          const workers = all[0]?.workers ?? 1;
          const some = `${all.length} of ${workers} workers answered; ask again for the others.`;
          if (all.length < workers) output.note(output.errorStyle.warn(some));
          return;
        }
        const client = await context.connect('admin');
        const stats = await client.admin.stats({}, call);
        show([stats], output);
        if (stats.workers > 1) output.note(output.errorStyle.dim(ONE_OF_SEVERAL));
      }),
    );
}

interface StatsOptions {
  readonly allWorkers?: boolean;
}

const ONE_OF_SEVERAL = 'Each worker has figures and limits of its own: --all-workers shows all.';

function show(all: readonly ServerStats[], output: Output): void {
  if (output.json) {
    for (const stats of all) output.value(stats);
  } else {
    output.lines(
      ...all.flatMap((stats, at) => [...(at === 0 ? [] : ['']), ...renderStats(stats, output)]),
    );
  }
}

/** Renders the figures of one server process. */
function renderStats(
  stats: ServerStats,
  { style, width }: Pick<Output, 'style' | 'width'>,
): string[] {
  const { submissions, watches } = stats;
  const figures: [string, string][] = [
    ...(stats.workers > 1
      ? ([['worker', `${stats.worker}, one of ${stats.workers}`]] as [string, string][])
      : []),
    ['version', stats.version],
    ['up', formatDuration(stats.uptimeMs)],
    ['memory', formatBytes(stats.memoryBytes)],
    ['connections', formatCount(stats.connections)],
    [
      'submissions',
      `${formatCount(submissions.committed)} in ${formatCount(submissions.batches)} batches (median ${submissions.batchSizeP50}, largest ${submissions.batchSizeMax}), ${formatCount(submissions.pending)} waiting`,
    ],
    [
      'watches',
      `${formatCount(watches.standingsWatchers)} on ${formatCount(watches.views)} views of ${formatCount(watches.rows)} rows, ${formatCount(watches.changesWatchers)} on changes; ${formatCount(watches.messages)} messages, ${formatCount(watches.slowWatchersEnded)} slow ones ended`,
    ],
    ['identities', describeIdentities(stats.identities)],
    [
      'index',
      `${formatCount(stats.outboxPending)} batches to confirm, ${stats.rebuilding} rebuilds`,
    ],
  ];
  return [
    ...figures.map(([name, value]) => `${style.dim(name.padEnd(12))}  ${safeText(value)}`),
    '',
    ...renderTable<StoreStats>(
      [
        { header: 'store', text: (store) => store.name },
        {
          header: 'state',
          flexible: true,
          text: (store) => store.state || (store.healthy ? 'healthy' : 'unusable'),
          paint: (cell, store) => (store.healthy ? style.good(cell) : style.bad(cell)),
        },
        { header: 'p50', align: 'right', text: (store) => formatDuration(store.p50Ms) },
        { header: 'p99', align: 'right', text: (store) => formatDuration(store.p99Ms) },
      ],
      stats.stores,
      { style, width },
    ),
    '',
    ...renderTable<MethodStats>(
      [
        {
          header: 'method',
          flexible: true,
          text: (row) => row.method.replace(/^\/rostrum\.v1\./, ''),
        },
        { header: 'calls', align: 'right', text: (row) => formatCount(row.calls) },
        {
          header: 'errors',
          align: 'right',
          text: (row) => formatCount(row.errors),
          paint: (cell, row) => (row.errors > 0 ? style.bad(cell) : cell),
        },
        { header: 'cancelled', align: 'right', text: (row) => formatCount(row.cancelled) },
        { header: 'p50', align: 'right', text: (row) => time(row.p50Ms) },
        { header: 'p99', align: 'right', text: (row) => time(row.p99Ms) },
        { header: 'max', align: 'right', text: (row) => time(row.maxMs) },
        { header: 'errors by code', text: errorsByCode },
      ],
      stats.methods.filter((row) => row.calls > 0),
      { style, width },
    ),
  ];
}

/** From here on an identity is near to a limit, in percent of it. */
const NEAR = 75;
const MAX_NAMED = 5;

/** Who is at or near what it may hold, or was refused. */
function describeIdentities(identities: readonly IdentityStats[]): string {
  const named = identities.filter(
    ({ fullestPercent, refused }) => fullestPercent >= NEAR || refused > 0,
  );
  if (named.length === 0) {
    const [most] = identities;
    if (most === undefined) return 'none';
    return `none near a limit; nearest ${describeIdentity(most)}`;
  }
  const more = named.length - MAX_NAMED;
  return [
    ...named.slice(0, MAX_NAMED).map(describeIdentity),
    ...(more > 0 ? [`${formatCount(more)} more`] : []),
  ].join('; ');
}

function describeIdentity(use: IdentityStats): string {
  const name = use.identity === '' ? 'those without an identity' : use.identity;
  const fullest = `${name} at ${use.fullestPercent} % of its ${use.fullest.replaceAll('_', ' ')}`;
  return use.refused === 0 ? fullest : `${fullest}, ${formatCount(use.refused)} refused`;
}

/** Such as `3 NOT_FOUND, 1 UNAVAILABLE`. */
function errorsByCode({ codes }: MethodStats): string {
  const { OK: _, CANCELLED: __, DEADLINE_EXCEEDED: ___, ...errors } = codes;
  return Object.entries(errors)
    .map(([code, calls]) => `${formatCount(calls)} ${code}`)
    .join(', ');
}

/** Streams are counted and not timed. */
function time(milliseconds: number): string {
  return milliseconds === 0 ? '-' : formatDuration(milliseconds);
}
