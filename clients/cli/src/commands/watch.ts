import type { RostrumClient, StandingsView } from '@rostrum/client';
import { type Command, Option } from 'commander';
import type { CommandContext } from '../command-context.js';
import type { CommandRunner } from '../command-runner.js';
import { UsageError } from '../errors.js';
import { DEFAULT_AROUND, DEFAULT_TOP, MAX_ROWS } from '../input/limits.js';
import { parseDuration } from '../input/parse-duration.js';
import { integerBetween } from '../input/parse-integer.js';
import { movementLine } from '../live/movement-line.js';
import { movementOf } from '../live/movement-of.js';
import { showBoard } from '../live/show-board.js';
import { tellingOptions } from '../live/watch-state.js';
import { formatCount } from '../output/format-number.js';
import { renderStandings } from '../output/standing-table.js';

interface WatchOptions {
  readonly top?: number;
  readonly around?: string;
  readonly count?: number;
  readonly players?: readonly string[];
  readonly changes?: boolean;
  readonly interval: number;
  readonly resume?: string;
}

export function registerWatch(program: Command, runner: CommandRunner): void {
  program
    .command('watch')
    .description(
      'watch a leaderboard: a live table, or one line per change where there is no terminal',
    )
    .argument('<leaderboard>')
    .addOption(
      new Option('--top <count>', `the first players (default: ${DEFAULT_TOP})`)
        .argParser(integerBetween(1, MAX_ROWS))
        .conflicts(['around', 'players']),
    )
    .addOption(
      new Option('--around <player>', 'the neighbourhood of a player').conflicts('players'),
    )
    .addOption(
      new Option(
        '-n, --count <count>',
        `with --around: how many (default: ${DEFAULT_AROUND})`,
      ).argParser(integerBetween(1, MAX_ROWS)),
    )
    .addOption(
      new Option('--players <ids>', 'these players, separated by commas').argParser((text) =>
        text.split(',').filter((id) => id !== ''),
      ),
    )
    .addOption(
      new Option(
        '--changes',
        'every single change of the whole leaderboard, a line each',
      ).conflicts(['top', 'around']),
    )
    .addOption(
      new Option('--interval <duration>', 'the least time between two updates')
        .default(20, '20ms')
        .argParser(parseDuration),
    )
    .option(
      '--resume <token>',
      'with --changes or --json: go on after the message that had this token (see --json)',
    )
    .action(
      runner.handle<[string], WatchOptions>(async (context, options, leaderboardId) => {
        if (options.count !== undefined && options.around === undefined) {
          throw new UsageError('--count goes with --around; for the top use --top.');
        }
        if (options.resume !== undefined && !options.changes && !context.output.json) {
          throw new UsageError('--resume goes with --changes or --json.', [
            'A table begins with the standings as they are now, and is resumed by itself.',
          ]);
        }
        const client = await context.connect('reader');
        if (options.changes) await followChanges(context, client, leaderboardId, options);
        else await watchView(context, client, leaderboardId, options);
      }),
    );
}

async function watchView(
  { output, signal }: CommandContext,
  client: RostrumClient,
  leaderboardId: string,
  options: WatchOptions,
): Promise<void> {
  const view = viewOf(options);
  const { interval: minIntervalMs, resume: resumeToken } = options;
  const request = { leaderboardId, view, minIntervalMs, resumeToken };
  const highlight = options.around;
  const board = await showBoard(client, request, output, {
    title: `${leaderboardId} · ${describe(view)}`,
    highlight,
    signal,
  });
  if (!output.live) return;
  // The live table is gone with its screen: leave the last standings behind.
  const { style, width } = output;
  output.lines(...renderStandings(board.standings, { style, width, highlight }));
  output.note(
    output.errorStyle.dim(
      `${formatCount(board.changes)} changes watched, revision ${board.revision}`,
    ),
  );
}

async function followChanges(
  { output, signal }: CommandContext,
  client: RostrumClient,
  leaderboardId: string,
  { players, resume }: WatchOptions,
): Promise<void> {
  const { style, errorStyle } = output;
  const watch = client.watch.changes(
    { leaderboardId, playerIds: players, resumeToken: resume },
    tellingOptions(signal, output, () => {}),
  );
  try {
    for await (const message of watch) {
      if (output.json) {
        output.value(message);
        continue;
      }
      if (message.reset) {
        output.note(errorStyle.warn('The ranking was rebuilt: changes in between are not told.'));
      }
      for (const change of message.changes) {
        const revision = style.dim(String(change.revision));
        output.lines(`${revision}  ${movementLine(movementOf(change), style)}`);
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function viewOf({ top, around, count, players }: WatchOptions): StandingsView {
  if (around !== undefined) return { around, count };
  if (players !== undefined) return { players };
  return { top: top ?? DEFAULT_TOP };
}

function describe(view: StandingsView): string {
  if ('top' in view) return `top ${view.top}`;
  if ('around' in view) return `around ${view.around}`;
  return `${view.players.length} players`;
}
