import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import type { CommandRunner } from '../command-runner.js';
import { ExitCode } from '../errors.js';
import { integerBetween } from '../input/parse-integer.js';
import { formatDuration } from '../output/format-number.js';
import { safeText } from '../output/safe-text.js';

const PAUSE_MS = 200;

export function registerPing(program: Command, runner: CommandRunner): void {
  program
    .command('ping')
    .description('check that the server answers, how fast, and as whom it knows you')
    .addOption(
      new Option('-n, --count <count>', 'how many times')
        .default(1)
        .argParser(integerBetween(1, 1_000_000)),
    )
    .action(
      runner.handle<[], { count: number }>(async (context, { count }) => {
        const { output, signal } = context;
        const { style } = output;
        const client = await context.connect('reader');
        const times: number[] = [];
        while (times.length < count && !signal.aborted) {
          const start = performance.now();
          const answer = await client.admin.ping({}, context.call);
          const milliseconds = performance.now() - start;
          times.push(milliseconds);
          if (output.json) {
            const { version, role, name, serverTime } = answer;
            output.value({ milliseconds: round(milliseconds), version, role, name, serverTime });
          } else {
            const who = `${safeText(answer.name)}, with the role ${safeText(answer.role)}`;
            output.lines(
              `${style.good('●')} ${safeText(context.options.address)}  ${style.bold(formatDuration(milliseconds))}  version ${safeText(answer.version)}  you are ${who}`,
            );
          }
          // Interrupted while waiting: the summary of what was measured still follows.
          if (times.length < count) await sleep(PAUSE_MS, undefined, { signal }).catch(() => {});
        }
        if (count > 1 && times.length > 0) {
          const mean = times.reduce((sum, time) => sum + time, 0) / times.length;
          const [least, most] = [Math.min(...times), Math.max(...times)].map(formatDuration);
          output.note(
            output.errorStyle.dim(
              `${times.length} answers: least ${least}, mean ${formatDuration(mean)}, most ${most}`,
            ),
          );
        }
        return times.length === count ? ExitCode.OK : ExitCode.INTERRUPTED;
      }),
    );
}

/** To the microsecond: a clock of a process tells no more. */
function round(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000;
}
