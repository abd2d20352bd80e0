import { type Command, Option } from 'commander';
import type { CommandRunner } from '../command-runner.js';
import { DEFAULT_TOP, MAX_ROWS } from '../input/limits.js';
import { integerBetween } from '../input/parse-integer.js';
import { formatCount } from '../output/format-number.js';
import { renderStandings } from '../output/standing-table.js';

export function registerTop(program: Command, runner: CommandRunner): void {
  program
    .command('top')
    .description('show a leaderboard from the top, or from any rank')
    .argument('<leaderboard>')
    .addOption(
      new Option('-n, --count <count>', 'how many')
        .default(DEFAULT_TOP)
        .argParser(integerBetween(1, MAX_ROWS)),
    )
    .addOption(
      new Option('--from <rank>', 'the rank to start at')
        .default(1)
        .argParser(integerBetween(1, 2 ** 31 - 1)),
    )
    .action(
      runner.handle<[string], { count: number; from: number }>(
        async (context, { count, from }, leaderboardId) => {
          const { output } = context;
          const client = await context.connect('reader');
          const page = await client.standings.listPage(
            { leaderboardId, pageSize: count, startRank: from },
            context.call,
          );
          if (output.json) {
            const { standings, totalPlayers, revision } = page;
            output.value({ standings, totalPlayers, revision });
            return;
          }
          output.lines(...renderStandings(page.standings, output));
          output.note(
            output.errorStyle.dim(
              `${formatCount(page.standings.length)} of ${formatCount(page.totalPlayers)} players`,
            ),
          );
        },
      ),
    );
}
