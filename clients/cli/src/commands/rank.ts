import type { Command } from 'commander';
import type { CommandRunner } from '../command-runner.js';
import { ExitCode } from '../errors.js';
import { formatCount } from '../output/format-number.js';
import { safeText } from '../output/safe-text.js';
import { renderStandings } from '../output/standing-table.js';

export function registerRank(program: Command, runner: CommandRunner): void {
  program
    .command('rank')
    .description('show where players stand; several are also ranked among each other')
    .argument('<leaderboard>')
    .argument('<players...>')
    .action(
      runner.handle<[string, string[]], unknown>(
        async (context, _options, leaderboardId, playerIds) => {
          const { output } = context;
          const client = await context.connect('reader');
          const [playerId = ''] = playerIds;
          if (playerIds.length === 1) {
            const found = await client.standings.get({ leaderboardId, playerId }, context.call);
            if (output.json) {
              output.value(found);
            } else {
              output.lines(...renderStandings([found.standing], output));
              output.note(output.errorStyle.dim(`of ${formatCount(found.totalPlayers)} players`));
            }
            return ExitCode.OK;
          }
          const found = await client.standings.batchGet({ leaderboardId, playerIds }, context.call);
          if (output.json) output.value(found);
          else if (found.standings.length > 0) {
            output.lines(...renderStandings(found.standings, output));
          }
          if (found.missingPlayerIds.length > 0) {
            output.note(
              output.errorStyle.warn(
                `no entry: ${found.missingPlayerIds.map(safeText).join(', ')}`,
              ),
            );
          }
          // That some are missing is an answer; that nobody is there is none.
          return found.standings.length > 0 ? ExitCode.OK : ExitCode.FAILURE;
        },
      ),
    );
}
