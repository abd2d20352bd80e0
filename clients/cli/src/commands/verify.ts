import type { Difference } from '@rostrum/client';
import type { Command } from 'commander';
import type { CommandRunner } from '../command-runner.js';
import { ExitCode, notDone } from '../errors.js';
import { formatCount } from '../output/format-number.js';
import { ProgressBar } from '../output/progress-bar.js';
import { safeText } from '../output/safe-text.js';
import { renderTable } from '../output/table.js';

const WAITING = 'Waits for the index: Redis is away, or the index is being built.';

export function registerVerify(program: Command, runner: CommandRunner): void {
  program
    .command('verify')
    .description('compare the index of a leaderboard with the store of record; 1 on differences')
    .argument('<leaderboard>')
    .action(
      runner.handle<[string], unknown>(async (context, _options, leaderboardId) => {
        const { output, signal } = context;
        const { style } = output;
        const client = await context.connect('admin');
        const bar = new ProgressBar(output.streams.stderr, output.errorStyle, output.progress);
        const differences: Difference[] = [];
        let count = 0;
        let checked = 0;
        let done = false;
        let waited = false;
        try {
          for await (const step of client.admin.verify({ leaderboardId }, { signal })) {
            ({ checked, done, differenceCount: count } = step);
            if (output.json) output.value(step);
            else differences.push(...step.differences);
            const found = count === 0 ? '' : `${formatCount(count)} differences`;
            bar.update(checked, step.total, step.waitingForIndex ? WAITING : found);
            if (step.waitingForIndex && !waited && !output.progress) output.note(WAITING);
            waited = step.waitingForIndex;
          }
        } finally {
          bar.clear();
        }
        if (!done) throw notDone('the comparison');
        if (!output.json) {
          if (count === 0) {
            output.lines(`${style.good('✔')} ${formatCount(checked)} entries agree.`);
          } else {
            output.lines(
              ...renderTable<Difference>(
                [
                  { header: 'difference', text: (row) => row.kind.toLowerCase() },
                  { header: 'player', text: (row) => row.playerId },
                  { header: 'what', flexible: true, text: (row) => row.description },
                ],
                differences,
                output,
              ),
              `${style.bad('✘')} ${formatCount(count)} of ${formatCount(checked)} entries differ.`,
            );
            output.note(`\`rostrum rebuild ${safeText(leaderboardId)}\` makes the index anew.`);
          }
        }
        return count === 0 ? ExitCode.OK : ExitCode.FAILURE;
      }),
    );
}
