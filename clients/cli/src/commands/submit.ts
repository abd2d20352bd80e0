import type { Aggregation, JsonObject, Leaderboard, ScoreResult, SortOrder } from '@rostrum/client';
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
    .addOption(aggregationOption('for a leaderboard that this submission creates'))
    .addOption(orderOption('for a leaderboard that this submission creates'))
    .action(
      runner.handle<[string, string, number], SubmitOptions>(
        async (context, options, leaderboardId, playerId, score) => {
          const client = await context.connect('writer');
          const { aggregation, order } = options;
          const result = await client.scores.submit(
            {
              leaderboardId,
              playerId,
              score,
              subscore: options.subscore,
              submissionId: options.id,
              clientTime: options.time,
              displayName: options.name,
              metadata: options.metadata,
              newLeaderboard:
                aggregation === undefined && order === undefined
                  ? undefined
                  : { aggregation, sortOrder: order },
            },
            context.call,
          );
          const { output } = context;
          if (output.json) output.value(result);
          else output.lines(...renderResult(result, output.style));
          if (output.json || (aggregation === undefined && order === undefined)) return;
          // The submission stands whatever becomes of this question.
          const board = await client.leaderboards
            .get({ leaderboardId }, context.call)
            .catch(() => undefined);
          if (board !== undefined && differs(board, aggregation, order)) {
            output.note(output.errorStyle.warn(unusedSettings(board)));
          }
        },
      ),
    );
}

/** Whether the leaderboard has other settings than those asked for: then it was there before. */
function differs(
  board: Leaderboard,
  aggregation: Aggregation | undefined,
  order: SortOrder | undefined,
): boolean {
  return (
    (aggregation ?? board.aggregation) !== board.aggregation ||
    (order ?? board.sortOrder) !== board.sortOrder
  );
}

function unusedSettings({ leaderboardId, aggregation, sortOrder }: Leaderboard): string {
  const settings = `${aggregation} and ${sortOrder}`;
  return `${leaderboardId} was there already, as ${settings}: --aggregation and --order were not used.`;
}

/** What became of a submission, in one or two lines. */
export function renderResult(result: ScoreResult, style: Style): string[] {
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
