import { type Command, Option } from 'commander';
import type { CommandRunner } from '../command-runner.js';
import { UsageError } from '../errors.js';
import { DEFAULT_AROUND, MAX_ROWS } from '../input/limits.js';
import { integerBetween } from '../input/parse-integer.js';
import { parseScore } from '../input/parse-score.js';
import { formatCount } from '../output/format-number.js';
import { renderStandings } from '../output/standing-table.js';

export function registerAround(program: Command, runner: CommandRunner): void {
  program
    .command('around')
    .description('show the neighbourhood of a player, or of the place that a score would take')
    .argument('<leaderboard>')
    .argument('[player]')
    .addOption(
      new Option('-n, --count <count>', 'how many, the player included')
        .default(DEFAULT_AROUND)
        .argParser(integerBetween(1, MAX_ROWS)),
    )
    .addOption(new Option('--score <number>', 'around this score instead').argParser(parseScore))
    .action(
      runner.handle<[string, string | undefined], { count: number; score?: number }>(
        async (context, { count, score }, leaderboardId, playerId) => {
          const { output } = context;
          const anchor = anchorOf(playerId, score);
          const client = await context.connect('reader');
          const list = await client.standings.around(
            { leaderboardId, count, ...anchor },
            context.call,
          );
          if (output.json) return output.value(list);
          const { style, width } = output;
          output.lines(...renderStandings(list.standings, { style, width, highlight: playerId }));
          output.note(output.errorStyle.dim(`of ${formatCount(list.totalPlayers)} players`));
        },
      ),
    );
}

function anchorOf(playerId: string | undefined, score: number | undefined) {
  if (playerId !== undefined && score === undefined) return { playerId };
  if (score !== undefined && playerId === undefined) return { score };
  throw new UsageError('Give a player or --score, one of the two.');
}
