import type { Command } from 'commander';
import type { CommandRunner } from '../command-runner.js';
import { notDone } from '../errors.js';
import { formatCount, formatDuration } from '../output/format-number.js';
import { ProgressBar } from '../output/progress-bar.js';

export function registerRebuild(program: Command, runner: CommandRunner): void {
  program
    .command('rebuild')
    .description('build the index of a leaderboard anew and swap it in, while it serves')
    .argument('<leaderboard>')
    .action(
      runner.handle<[string], unknown>(async (context, _options, leaderboardId) => {
        const { output, signal } = context;
        const client = await context.connect('admin');
        const bar = new ProgressBar(output.streams.stderr, output.errorStyle, output.progress);
        const start = performance.now();
        let built = 0;
        let done = false;
        try {
          for await (const step of client.admin.rebuild({ leaderboardId }, { signal })) {
            ({ built, done } = step);
            if (output.json) output.value(step);
            bar.update(built, step.total);
          }
        } finally {
          bar.clear();
        }
        if (!done) throw notDone('the rebuild');
        if (output.json) return;
        const took = formatDuration(performance.now() - start);
        output.lines(`${output.style.good('✔')} ${formatCount(built)} entries rebuilt in ${took}.`);
      }),
    );
}
