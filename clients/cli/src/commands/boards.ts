import { createInterface } from 'node:readline/promises';
import type { Aggregation, JsonObject, Leaderboard, SortOrder } from '@rostrum/client';
import { type Command, Option } from 'commander';
import type { CommandContext } from '../command-context.js';
import type { CommandRunner } from '../command-runner.js';
import { ExitCode, UsageError } from '../errors.js';
import { aggregationOption, orderOption } from '../input/board-settings.js';
import { MAX_ROWS } from '../input/limits.js';
import { parseJsonObject } from '../input/parse-json-object.js';
import { renderLeaderboard, renderLeaderboards } from '../output/leaderboard-table.js';
import { safeText } from '../output/safe-text.js';

interface BoardOptions {
  readonly name?: string;
  readonly aggregation?: Aggregation;
  readonly order?: SortOrder;
  readonly subscoreOrder?: SortOrder;
  readonly metadata?: JsonObject;
}

export function registerBoards(program: Command, runner: CommandRunner): void {
  const boards = program
    .command('boards')
    .description('list leaderboards; create, get, update or delete one');
  boards
    .command('list', { isDefault: true })
    .description('list all leaderboards')
    .action(runner.handle<[], unknown>(async (context) => listBoards(context)));
  boards
    .command('get')
    .description('show the settings of one leaderboard')
    .argument('<leaderboard>')
    .action(
      runner.handle<[string], unknown>(async (context, _options, leaderboardId) => {
        const client = await context.connect('reader');
        show(context, await client.leaderboards.get({ leaderboardId }, context.call));
      }),
    );
  addSettings(boards.command('create'))
    .description('create a leaderboard with settings of your choice')
    .argument('<leaderboard>')
    .action(
      runner.handle<[string], BoardOptions>(async (context, options, leaderboardId) => {
        const client = await context.connect('admin');
        const board = { leaderboardId, ...settingsOf(options) };
        show(context, await client.leaderboards.create(board, context.call));
      }),
    );
  addSettings(boards.command('update'))
    .description('change settings; order and aggregation only while there are no entries')
    .argument('<leaderboard>')
    .action(
      runner.handle<[string], BoardOptions>(async (context, options, leaderboardId) => {
        const settings = settingsOf(options);
        if (Object.values(settings).every((value) => value === undefined)) {
          throw new UsageError('Nothing to change: give at least one setting.', [
            '`rostrum boards update --help` lists them.',
          ]);
        }
        const client = await context.connect('admin');
        const update = { leaderboardId, ...settings };
        show(context, await client.leaderboards.update(update, context.call));
      }),
    );
  boards
    .command('delete')
    .description('delete a leaderboard with all its entries and submissions')
    .argument('<leaderboard>')
    .option('--yes', 'do it without asking')
    .action(
      runner.handle<[string], { yes?: boolean }>(async (context, { yes }, leaderboardId) => {
        if (!yes && !(await confirmDeletion(context, leaderboardId))) return ExitCode.FAILURE;
        const client = await context.connect('admin');
        await client.leaderboards.delete({ leaderboardId }, context.call);
        if (context.output.json) context.output.value({ deleted: leaderboardId });
        else context.output.lines(`Deleted ${safeText(leaderboardId)}.`);
        return ExitCode.OK;
      }),
    );
}

function addSettings(command: Command): Command {
  return command
    .option('--name <name>', 'a name for people')
    .addOption(aggregationOption('how submissions make an entry'))
    .addOption(orderOption('which scores stand higher'))
    .addOption(orderOption('which subscores stand higher at equal scores', '--subscore-order'))
    .addOption(
      new Option('--metadata <json>', 'a JSON object of yours').argParser(parseJsonObject),
    );
}

function settingsOf(options: BoardOptions) {
  return {
    displayName: options.name,
    aggregation: options.aggregation,
    sortOrder: options.order,
    subscoreSortOrder: options.subscoreOrder,
    metadata: options.metadata,
  };
}

async function listBoards({ connect, call, output }: CommandContext): Promise<void> {
  const client = await connect('reader');
  const boards: Leaderboard[] = [];
  for await (const board of client.leaderboards.list({ pageSize: MAX_ROWS }, call)) {
    if (output.json) output.value(board);
    else boards.push(board);
  }
  if (output.json) return;
  if (boards.length === 0) {
    output.note(
      'There are no leaderboards yet. `rostrum submit <leaderboard> <player> <score>` makes one.',
    );
    return;
  }
  output.lines(...renderLeaderboards(boards, output));
}

function show({ output }: CommandContext, board: Leaderboard): void {
  if (output.json) output.value(board);
  else output.lines(...renderLeaderboard(board, output.style));
}

async function confirmDeletion(context: CommandContext, leaderboardId: string): Promise<boolean> {
  const { stdin, stderr } = context.output.streams;
  if (context.output.json || !stdin.isTTY || !stderr.isTTY) {
    throw new UsageError(`Deleting ${leaderboardId} cannot be undone.`, [
      'Give --yes to do it without being asked.',
    ]);
  }
  const prompt = createInterface({ input: stdin, output: stderr });
  try {
    const answer = await prompt.question(
      `Delete ${safeText(leaderboardId)} with all its entries and submissions? Type its id: `,
      { signal: context.signal },
    );
    if (answer.trim() === leaderboardId) return true;
    context.output.note('Not deleted.');
    return false;
  } finally {
    prompt.close();
  }
}
