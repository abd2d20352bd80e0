import { type Style, styleFor } from './style.js';

/** The streams that a command reads and writes. */
export interface Streams {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

/** Where results go: text for people, or one JSON value a line for scripts. */
export class Output {
  readonly style: Style;
  readonly errorStyle: Style;

  constructor(
    readonly streams: Streams,
    readonly json: boolean,
  ) {
    this.style = styleFor(streams.stdout);
    this.errorStyle = styleFor(streams.stderr);
  }

  /** Whether a live table can be drawn on standard output. */
  get live(): boolean {
    return !this.json && this.streams.stdout.isTTY === true && process.env.TERM !== 'dumb';
  }

  /** Whether a progress bar can be drawn on standard error. */
  get progress(): boolean {
    return !this.json && this.streams.stderr.isTTY === true;
  }

  /** Terminal columns of standard output; undefined where it is none: nothing is cut then. */
  get width(): number | undefined {
    return this.streams.stdout.isTTY ? this.streams.stdout.columns || 80 : undefined;
  }

  /** Writes lines of finished text to standard output. */
  lines(...lines: readonly string[]): void {
    if (lines.length > 0) this.streams.stdout.write(`${lines.join('\n')}\n`);
  }

  /** Writes one JSON value and a line feed to standard output. */
  value(value: unknown): void {
    this.streams.stdout.write(`${JSON.stringify(value)}\n`);
  }

  /** Writes to standard error what a stream is doing: words for people, a JSON value for scripts. */
  state(text: string, value: { readonly status: string; readonly reason?: string }): void {
    this.streams.stderr.write(`${this.json ? JSON.stringify({ state: value }) : text}\n`);
  }

  /** Writes a remark to standard error, for people only. */
  note(text: string): void {
    if (!this.json) this.streams.stderr.write(`${text}\n`);
  }
}
