import type { Command } from 'commander';

/** The completions of the last word of a line, and that word. */
export type Completion = [candidates: string[], word: string];

/**
 * Completes the last word of `line`: commands and sub-commands, options after `-`, the values of
 * options that have a fixed set, and leaderboard ids where a command takes a leaderboard.
 */
export async function complete(
  line: string,
  program: Command,
  extraCommands: readonly string[],
  leaderboardIds: () => Promise<readonly string[]>,
): Promise<Completion> {
  const words = line
    .split(/\s+/)
    .filter((word, index, all) => word !== '' || index === all.length - 1);
  const word = words.pop() ?? '';
  const { command, args, awaiting } = locate(words, program);
  const matching = (candidates: readonly string[]): Completion => [
    candidates.filter((candidate) => candidate.startsWith(word)).map((found) => `${found} `),
    word,
  ];

  if (awaiting !== undefined) return matching(awaiting.argChoices ?? []);
  if (word.startsWith('-')) {
    const options = [...command.options, ...program.options].filter((option) => !option.hidden);
    return matching([...new Set(options.map((option) => option.long ?? option.short ?? ''))]);
  }
  if (command.commands.length > 0 && args.length === 0) {
    const names = command.commands.map((sub) => sub.name());
    return matching(command === program ? [...names, ...extraCommands].sort() : names);
  }
  const argument = command.registeredArguments[args.length];
  return matching(argument?.name() === 'leaderboard' ? await leaderboardIds() : []);
}

/** Which command the words have led to, its arguments so far, and the option that wants a value. */
function locate(words: readonly string[], program: Command) {
  let command = program;
  let args: string[] = [];
  let awaiting: Command['options'][number] | undefined;
  for (const word of words) {
    if (awaiting !== undefined) {
      awaiting = undefined;
    } else if (word.startsWith('-')) {
      const option = [...command.options, ...program.options].find(
        (each) => each.long === word || each.short === word,
      );
      awaiting = option?.required ? option : undefined;
    } else {
      const sub: Command | undefined =
        args.length === 0 ? command.commands.find((each) => each.name() === word) : undefined;
      if (sub === undefined) args = [...args, word];
      else command = sub;
    }
  }
  return { command, args, awaiting };
}
