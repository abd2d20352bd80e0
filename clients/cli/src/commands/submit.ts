import type { Aggregation, JsonObject, ScoreResult, SortOrder } from '@rostrum/client';
import { type Command, Option } from 'commander';
import type { CommandRunner } from '../command-runner.js';
import { aggregationOption, orderOption } from '../input/board-settings.js';
import { parseJsonObject } from '../input/parse-json-object.js';
import { parseScore } from '../input/parse-score.js';
import { parseTime } from '../input/parse-time.js';
import { formatCount, formatScore } from '../output/format-number.js';
import { playerLabel } from '../output/player-label.js';
import { safeText } from '../output/safe-text.js';
import type { Style } from '../output/style.js';

interface SubmitOptions {
  readonly subscore?: number;
  readonly id?: string;
  readonly time?: Date;
  readonly name?: string;
  readonly metadata?: JsonObject;
  readonly aggregation?: Aggregation;
  readonly order?: SortOrder;
}

export function registerSubmit(program: Command, runner: CommandRunner): void {
  program
    .command('submit')
    .description('submit a score; the leaderboard and the player come into being with their first')
    .argument('<leaderboard>')
    .argument('<player>')
    .argument('<score>', 'a number within ±(2^53 - 1)', parseScore)
    .addOption(
      new Option('--subscore <number>', 'decides between equal scores').argParser(parseScore),
    )
    .option(
      '--id <id>',
      'idempotency key; sending it again returns the first outcome, for another score it is refused',
    )
    .addOption(
      new Option(
        '--time <time>',
        'when the score was made: ISO 8601, or seconds since 1970',
      ).argParser(parseTime),
    )
    .option('--name <name>', "sets the player's name")
    .addOption(
      new Option('--metadata <json>', 'a JSON object that belongs to this score').argParser(
        parseJsonObject,
      ),
    )
    .addOption(
      aggregationOption('the leaderboard is created with it; one that exists must have it'),
    )
    .addOption(orderOption('the leaderboard is created with it; one that exists must have it'))
    .action(
      runner.handle<[string, string, number], SubmitOptions>(
        async (context, options, leaderboardId, playerId, score) => {
          const client = await context.connect('writer');
          const { aggregation, order: sortOrder } = options;
          const board = client.leaderboard(leaderboardId, { aggregation, sortOrder });
          const result = await board.submit(
            {
              playerId,
              score,
              subscore: options.subscore,
              submissionId: options.id,
              clientTime: options.time,
              displayName: options.name,
              metadata: options.metadata,
            },
            context.call,
          );
          const { output } = context;
          if (output.json) output.value(result);
          else output.lines(...renderResult(result, output.style));
        },
      ),
    );
}

/** What became of a submission, in one or two lines. */
function renderResult(result: ScoreResult, style: Style): string[] {
  const { standing, previousRank, previousScore, outcome } = result;
  const score = style.bold(formatScore(standing.score));
  const was =
    previousScore !== undefined && previousScore !== standing.score
      ? ` (was ${formatScore(previousScore)})`
      : '';
  const rank = result.ranked
    ? `rank ${style.highlight(String(standing.rank))} of ${formatCount(result.totalPlayers)}${rankStep(previousRank, standing.rank, style)}`
    : style.warn('not ranked yet: the score is safe, the index is being repaired');
  return [
    `${paintOutcome(outcome, style)}  ${safeText(playerLabel(standing))}  ${score}${was}  ${rank}`,
    ...(result.replayed ? [style.dim('This submission had been recorded before.')] : []),
  ];
}

function rankStep(before: number | undefined, after: number, style: Style): string {
  if (before === undefined) return '';
  if (before === after) return style.dim(' (unchanged)');
  return before > after ? style.good(` ▲ from ${before}`) : style.bad(` ▼ from ${before}`);
}

function paintOutcome(outcome: ScoreResult['outcome'], style: Style): string {
  switch (outcome) {
    case 'APPLIED':
      return style.good(outcome);
    case 'NOT_IMPROVED':
    case 'STALE':
      return style.dim(outcome);
    case 'DUPLICATE':
    case 'UNKNOWN':
      return style.warn(outcome);
  }
}
