import { styleText } from 'node:util';

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 80;
/** Width of the column of step names. */
const NAME_WIDTH = 14;

/** Clears the line of each step that is drawn at the moment. */
const drawn = new Set<() => void>();
let silent = false;

/** From now on no step says anything: what is printed next belongs to the stop. */
export function silenceSteps(): void {
  silent = true;
  for (const clear of drawn) clear();
}

type Style = Parameters<typeof styleText>[0];

/** Coloured where standard output takes colours (a terminal, and NO_COLOR is not set). */
export function paint(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stdout });
}

/**
 * Runs one step of the start and leaves one line about it: what came of it and how long it took.
 * `work` may say what it is at; on a terminal that shows while it runs.
 */
export async function step<T>(
  name: string,
  work: (report: (doing: string) => void) => Promise<{ readonly said: string; readonly value: T }>,
): Promise<T> {
  const started = performance.now();
  const seconds = () => `${((performance.now() - started) / 1000).toFixed(1)} s`;
  const label = name.padEnd(NAME_WIDTH);
  let doing = '';
  let frame = 0;
  const draw = () => {
    const mark = FRAMES[frame++ % FRAMES.length] ?? '';
    process.stdout.write(`\r\x1b[K${paint('cyan', mark)} ${label}${paint('dim', doing)}`);
  };
  const spinner = process.stdout.isTTY && !silent ? setInterval(draw, FRAME_MS) : undefined;
  const clear = () => {
    drawn.delete(clear);
    clearInterval(spinner);
    if (spinner) process.stdout.write('\r\x1b[K');
  };
  drawn.add(clear);
  const settle = (line: string) => {
    if (silent) return;
    clear();
    console.log(line);
  };
  try {
    const { said, value } = await work((text) => {
      doing = text;
      if (!spinner && !silent) console.log(`  ${label}${text}`);
    });
    settle(`${paint('green', '✓')} ${label}${said} ${paint('dim', `(${seconds()})`)}`);
    return value;
  } catch (error) {
    settle(`${paint('red', '✗')} ${label}${paint('dim', `failed after ${seconds()}`)}`);
    throw error;
  }
}
