/** What the keys of a live display do. */
export interface KeyActions {
  /** `q`, Ctrl-C or Ctrl-D. */
  quit(): void;
  /** Ctrl-Z. */
  suspend(): void;
}

/**
 * Reads keys while a live display runs, so that none of them is echoed into it. Raw mode takes
 * Ctrl-C and Ctrl-Z away from the terminal driver: they are handled here.
 */
export class Keys {
  private raw = false;

  constructor(
    private readonly stdin: NodeJS.ReadStream,
    private readonly actions: KeyActions,
  ) {}

  start(): void {
    if (!this.stdin.isTTY || this.raw) return;
    this.raw = true;
    this.stdin.setRawMode(true);
    this.stdin.on('data', this.onData);
    this.stdin.resume();
  }

  stop(): void {
    if (!this.raw) return;
    this.raw = false;
    this.stdin.off('data', this.onData);
    this.stdin.setRawMode(false);
    this.stdin.pause();
  }

  private readonly onData = (data: Buffer | string): void => {
    for (const key of data.toString()) {
      if (key === 'q' || key === '\x03' || key === '\x04') this.actions.quit();
      if (key === '\x1a') this.suspend();
    }
  };

  private suspend(): void {
    if (process.platform === 'win32') return;
    this.stop();
    process.once('SIGCONT', () => this.start());
    this.actions.suspend();
  }
}
