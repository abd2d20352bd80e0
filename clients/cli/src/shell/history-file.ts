import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

const MAX_LINES = 1000;

/** The lines typed into earlier shells, kept in a file of the user. */
export class HistoryFile {
  /** Oldest first. */
  readonly lines: string[];

  constructor(readonly file: string) {
    this.lines = readLines(file);
  }

  /** Adds a line, unless it repeats the last one or begins with a blank. */
  add(line: string): void {
    if (line.trim() === '' || line.startsWith(' ') || line === this.lines.at(-1)) return;
    this.lines.push(line);
    try {
      mkdirSync(path.dirname(this.file), { recursive: true, mode: 0o700 });
      if (this.lines.length > MAX_LINES) {
        this.lines.splice(0, this.lines.length - MAX_LINES);
        writeFileSync(this.file, `${this.lines.join('\n')}\n`, { mode: 0o600 });
      } else {
        appendFileSync(this.file, `${line}\n`, { mode: 0o600 });
      }
    } catch {
      // A home that cannot be written to costs the history, not the shell.
    }
  }
}

/** Where the history is kept: under `XDG_STATE_HOME`, or what the system has in its place. */
export function historyPath(env: NodeJS.ProcessEnv, platform = process.platform): string {
  const home = homedir();
  const state =
    env.XDG_STATE_HOME ||
    (platform === 'win32'
      ? (env.LOCALAPPDATA ?? path.join(home, 'AppData', 'Local'))
      : path.join(home, '.local', 'state'));
  return path.join(state, 'rostrum', 'history');
}

function readLines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .slice(-MAX_LINES);
  } catch {
    return [];
  }
}
