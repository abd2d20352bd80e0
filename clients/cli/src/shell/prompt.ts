import { createInterface } from 'node:readline';
import type { Streams } from '../output/output.js';

export interface PromptOptions {
  readonly prompt: string;
  /** Oldest first. */
  readonly history: readonly string[];
  complete(line: string): Promise<[string[], string]>;
  readonly signal: AbortSignal;
}

/**
 * Asks for a line on the terminal. Returns every line that was entered (a paste may hold several),
 * or undefined at the end of input. The terminal is free for other uses in between: a prompt that
 * stayed open would take the keys from a live table.
 */
export function promptLines(
  streams: Streams,
  options: PromptOptions,
): Promise<string[] | undefined> {
  return new Promise((resolve) => {
    const lines: string[] = [];
    let hinted = false;
    const prompt = createInterface({
      input: streams.stdin,
      output: streams.stdout,
      terminal: true,
      prompt: options.prompt,
      history: [...options.history].reverse(),
      historySize: 1000,
      removeHistoryDuplicates: true,
      completer: completerOf(options),
    });
    const close = () => prompt.close();
    options.signal.addEventListener('abort', close);
    prompt.on('line', (line) => {
      lines.push(line);
      // Further lines of a paste come in the same turn.
      if (lines.length === 1) setImmediate(close);
    });
    prompt.on('SIGINT', () => {
      const empty = prompt.line === '';
      streams.stdout.write(empty && !hinted ? '\nCtrl-D or `exit` leaves.\n' : '^C\n');
      hinted = empty;
      prompt.write(null, { ctrl: true, name: 'e' });
      prompt.write(null, { ctrl: true, name: 'u' });
      prompt.prompt();
    });
    prompt.on('close', () => {
      options.signal.removeEventListener('abort', close);
      if (lines.length > 0) return resolve(lines);
      streams.stdout.write('\n');
      return resolve(undefined);
    });
    prompt.prompt();
  });
}

function completerOf({ complete }: PromptOptions) {
  return (line: string, done: (error: Error | null, result: [string[], string]) => void): void => {
    complete(line).then(
      (result) => done(null, result),
      // Completion asks the server; when that fails there is simply nothing to offer.
      () => done(null, [[], line]),
    );
  };
}
