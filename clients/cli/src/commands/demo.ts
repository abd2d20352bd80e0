import type { RostrumClient } from '@rostrum/client';
import { type Command, Option } from 'commander';
import type { CommandContext } from '../command-context.js';
import type { CommandRunner } from '../command-runner.js';
import { type DemoPlayer, demoPlayers } from '../demo/demo-players.js';
import { DemoRecord, play } from '../demo/play.js';
import { ExitCode } from '../errors.js';
import { MAX_ROWS } from '../input/limits.js';
import { integerBetween, numberBetween } from '../input/parse-integer.js';
import { showBoard } from '../live/show-board.js';
import { formatCount, formatDuration } from '../output/format-number.js';
import { renderStandings } from '../output/standing-table.js';

interface DemoOptions {
  readonly players: number;
  readonly seconds: number;
  readonly rate: number;
}

export function registerDemo(program: Command, runner: CommandRunner): void {
  program
    .command('demo')
    .description('let players submit at once, each over a stream of its own, and watch them live')
    .argument('[leaderboard]', 'made anew as last-write-wins if it does not exist', 'demo')
    .addOption(
      new Option('--players <count>', 'how many at once')
        .default(10)
        .argParser(integerBetween(1, 500)),
    )
    .addOption(
      new Option('--seconds <seconds>', 'how long').default(30).argParser(numberBetween(1, 86_400)),
    )
    .addOption(
      new Option('--rate <number>', 'submissions a second of each player')
        .default(2)
        .argParser(numberBetween(0.1, 1000)),
    )
    .action(
      runner.handle<[string], DemoOptions>((context, options, leaderboardId) =>
        runDemo(context, options, leaderboardId),
      ),
    );
}

async function runDemo(
  context: CommandContext,
  options: DemoOptions,
  leaderboardId: string,
): Promise<ExitCode> {
  const { output, signal } = context;
  const players = demoPlayers(options.players);
  const client = await context.connect('writer');
  const scores = await seatPlayers(context, client, leaderboardId, players);
  const clients = await Promise.all(players.map(() => context.connectApart('writer')));

  const record = new DemoRecord();
  const start = performance.now();
  const timeUp = AbortSignal.timeout(options.seconds * 1000);
  const failed = new AbortController();
  const closed = new AbortController();
  const answered = new AbortController();
  const top = Math.min(MAX_ROWS, Math.max(10, options.players));
  const display = showBoard(client, { leaderboardId, view: { top }, minIntervalMs: 20 }, output, {
    title: `${leaderboardId} · ${options.players} players at once`,
    footer: () => {
      const remainingMs = options.seconds * 1000 - (performance.now() - start);
      return footer(record, remainingMs, leaderboardId);
    },
    signal: AbortSignal.any([signal, answered.signal]),
  }).finally(() => closed.abort());
  const abort = AbortSignal.any([signal, closed.signal]);
  const games = players.map((player, index) =>
    play(clients[index] ?? client, player, {
      leaderboardId,
      rate: options.rate,
      from: scores[index] ?? 0,
      over: AbortSignal.any([timeUp, failed.signal]),
      abort,
      record,
    }).catch((error: unknown) => {
      // What was given up on the user's wish is no failure; what is one ends the other games.
      if (!abort.aborted) failed.abort(error);
    }),
  );
  const ended = Promise.all(games).then(() => answered.abort());
  await Promise.all([display, ended]);
  if (failed.signal.aborted) throw failed.signal.reason;
  await report(context, client, leaderboardId, record, performance.now() - start);
  return signal.aborted ? ExitCode.INTERRUPTED : ExitCode.OK;
}

/**
 * Gives every player a first score, so that the leaderboard is there to be watched. Returns the
 * scores that they have then: where the best one counts, those of an earlier demo.
 */
async function seatPlayers(
  { call }: CommandContext,
  client: RostrumClient,
  leaderboardId: string,
  players: readonly DemoPlayer[],
): Promise<number[]> {
  const clientTime = new Date();
  const items = await client.scores.batchSubmit(
    players.map(({ playerId, displayName }) => ({
      leaderboardId,
      playerId,
      displayName,
      score: 0,
      clientTime,
      newLeaderboard: { aggregation: 'LATEST' as const },
    })),
    call,
  );
  return items.map((item) => {
    if (!item.ok) throw item.error;
    return item.result.standing.score;
  });
}

function footer(record: DemoRecord, remainingMs: number, leaderboardId: string): string {
  const { p50, p99 } = record.times.spread();
  const left = Math.ceil(remainingMs / 1000);
  const state = left > 0 ? `${left} s left` : 'waiting for the last answers';
  return `${state} · ${formatCount(record.submissions)} submissions, answered in ${formatDuration(p50)} (p50), ${formatDuration(p99)} (p99) · elsewhere: rostrum watch ${leaderboardId}`;
}

async function report(
  { output, signal }: CommandContext,
  client: RostrumClient,
  leaderboardId: string,
  record: DemoRecord,
  tookMs: number,
): Promise<void> {
  const spread = record.times.spread();
  const perSecond = record.submissions / (tookMs / 1000);
  if (output.json) {
    const outcomes = Object.fromEntries(record.outcomes);
    output.value({
      type: 'summary',
      submissions: record.submissions,
      outcomes,
      perSecond,
      latencyMs: spread,
    });
    return;
  }
  if (output.live && !signal.aborted) {
    const page = await client.standings.listPage({ leaderboardId, pageSize: 10 });
    output.lines(...renderStandings(page.standings, output));
  }
  const outcomes = [...record.outcomes].map(([name, count]) => `${formatCount(count)} ${name}`);
  output.note(
    output.errorStyle.dim(
      `${formatCount(record.submissions)} submissions (${outcomes.join(', ') || 'none'}), ${perSecond.toFixed(1)} a second; answered in ${formatDuration(spread.p50)} (p50), ${formatDuration(spread.p95)} (p95), ${formatDuration(spread.p99)} (p99)`,
    ),
  );
}
