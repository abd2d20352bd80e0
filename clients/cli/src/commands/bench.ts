import { type Command, Option } from 'commander';
import { type Load, LoadRecord, runClient } from '../bench/load.js';
import type { Spread } from '../bench/times.js';
import type { CommandContext } from '../command-context.js';
import type { CommandRunner } from '../command-runner.js';
import { ExitCode } from '../errors.js';
import { integerBetween, numberBetween } from '../input/parse-integer.js';
import { formatCount, formatDuration } from '../output/format-number.js';
import { ProgressBar } from '../output/progress-bar.js';
import { safeText } from '../output/safe-text.js';
import { renderTable } from '../output/table.js';

const PROGRESS_INTERVAL_MS = 100;
const CONNECTING_AT_ONCE = 16;

interface BenchOptions {
  readonly clients: number;
  readonly updates: number;
  readonly leaderboard: string;
  readonly players: number;
  readonly readShare: number;
  readonly stream?: boolean;
  readonly sharedConnection?: boolean;
}

export function registerBench(program: Command, runner: CommandRunner): void {
  program
    .command('bench')
    .description('measure throughput and times of submissions, and of rank reads beside them')
    .addOption(
      new Option('--clients <count>', 'how many at once')
        .default(20)
        .argParser(integerBetween(1, 5000)),
    )
    .addOption(
      new Option('--updates <count>', 'operations of each client')
        .default(50)
        .argParser(integerBetween(1, 100_000_000)),
    )
    .option('--leaderboard <id>', 'where to submit; it keeps what was submitted', 'bench')
    .addOption(
      new Option('--players <count>', 'how many players to spread them over')
        .default(1000)
        .argParser(integerBetween(1, 100_000_000)),
    )
    .addOption(
      new Option('--read-share <share>', 'share of operations that read a rank, 0 to 1')
        .default(0)
        .argParser(numberBetween(0, 1)),
    )
    .option('--stream', 'submit over streams, many at once, instead of call by call')
    .option('--shared-connection', 'one connection for all clients instead of one each')
    .action(runner.handle<[], BenchOptions>((context, options) => runBench(context, options)));
}

async function runBench(context: CommandContext, options: BenchOptions): Promise<ExitCode> {
  const { output, signal } = context;
  const { clients: count, sharedConnection = false } = options;
  const load: Load = {
    leaderboardId: options.leaderboard,
    updates: options.updates,
    players: options.players,
    readShare: options.readShare,
    stream: options.stream === true,
  };
  const clients = sharedConnection
    ? Array(count).fill(await context.connect('writer'))
    : await connectAll(context, count);

  const record = new LoadRecord();
  const total = count * load.updates;
  const bar = new ProgressBar(output.streams.stderr, output.errorStyle, output.progress);
  const start = performance.now();
  const seconds = () => (performance.now() - start) / 1000;
  const timer = setInterval(() => {
    bar.update(record.done, total, `${formatCount(record.done / seconds())}/s`);
  }, PROGRESS_INTERVAL_MS);
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  const runs = clients.map((client) =>
    runClient(client, load, record, stop).catch((error: unknown) => {
      // One hopeless client ends the others: all would fail in the same way.
      if (!stop.aborted) failed.abort(error);
    }),
  );
  await Promise.all(runs);
  const took = seconds();
  clearInterval(timer);
  bar.clear();
  if (failed.signal.aborted) throw failed.signal.reason;
  report(context, options, record, took);
  if (record.errors.size > 0) return ExitCode.FAILURE;
  return signal.aborted ? ExitCode.INTERRUPTED : ExitCode.OK;
}

/** Opens the connections a few at a time: handshakes are work for both sides. */
async function connectAll(context: CommandContext, count: number) {
  const clients = [];
  while (clients.length < count) {
    const some = Math.min(CONNECTING_AT_ONCE, count - clients.length);
    const opened = Array.from({ length: some }, () => context.connectApart('writer'));
    clients.push(...(await Promise.all(opened)));
  }
  return clients;
}

function report(
  { output }: CommandContext,
  options: BenchOptions,
  record: LoadRecord,
  seconds: number,
): void {
  const rows = [
    { name: 'submit', spread: record.writes.spread() },
    { name: 'rank', spread: record.reads.spread() },
  ].filter(({ spread }) => spread.count > 0);
  const rate = (count: number) => count / seconds;
  if (output.json) {
    output.value({
      clients: options.clients,
      updates: options.updates,
      seconds,
      perSecond: rate(record.done),
      operations: Object.fromEntries(
        rows.map(({ name, spread: { count, p50, p95, p99, max } }) => [
          name,
          { count, perSecond: rate(count), latencyMs: { p50, p95, p99, max } },
        ]),
      ),
      errors: Object.fromEntries(record.errors),
    });
    return;
  }
  const time = (pick: (spread: Spread) => number) => (row: { spread: Spread }) =>
    formatDuration(pick(row.spread));
  output.lines(
    ...renderTable<{ name: string; spread: Spread }>(
      [
        { header: 'operation', text: (row) => row.name },
        { header: 'count', align: 'right', text: (row) => formatCount(row.spread.count) },
        {
          header: 'per second',
          align: 'right',
          text: (row) => formatCount(rate(row.spread.count)),
        },
        { header: 'p50', align: 'right', text: time((spread) => spread.p50) },
        { header: 'p95', align: 'right', text: time((spread) => spread.p95) },
        { header: 'p99', align: 'right', text: time((spread) => spread.p99) },
        { header: 'max', align: 'right', text: time((spread) => spread.max) },
      ],
      rows,
      output,
    ),
  );
  for (const [reason, count] of record.errors) {
    output.lines(output.style.bad(`${formatCount(count)} failed: ${safeText(reason)}`));
  }
  output.note(
    output.errorStyle.dim(
      `${formatCount(options.clients)} clients, ${seconds.toFixed(2)} s, ${formatCount(rate(record.done))} operations a second`,
    ),
  );
}
