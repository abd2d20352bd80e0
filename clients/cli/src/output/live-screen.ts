const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[H\x1b[2J';
const LEAVE = '\x1b[?7h\x1b[?25h\x1b[?1049l';
const FRAME_BEGIN = '\x1b[?2026h\x1b[H';
const FRAME_END = '\x1b[J\x1b[?2026l';
const FRAME_INTERVAL_MS = 16;

export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
}

/** Renders the whole screen as lines; what does not fit is cut by the terminal. */
export type RenderScreen = (size: ScreenSize) => readonly string[];

/**
 * A full-screen view that is redrawn in place, on the terminal's alternate screen: what stood
 * there before comes back when it stops, however that happens. A change is drawn at once when the
 * last frame is 16 ms old, otherwise when it is; a terminal that cannot keep up gets fewer frames.
 */
export class LiveScreen {
  private running = false;
  private blocked = false;
  private timer: NodeJS.Timeout | undefined;
  private lastFrame = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly stdout: NodeJS.WriteStream,
    private readonly render: RenderScreen,
  ) {}

  /** Takes over the screen and draws. */
  start(): void {
    if (this.running) return;
    this.running = true;
    this.stdout.write(ENTER);
    this.stdout.on('resize', this.onResize);
    this.stdout.on('drain', this.onDrain);
    process.on('exit', this.onExit);
    this.requestFrame();
  }

  /** Asks for a redraw; many calls make one frame. */
  requestFrame(): void {
    if (!this.running || this.timer !== undefined || this.blocked) return;
    const wait = Math.max(0, this.lastFrame + FRAME_INTERVAL_MS - performance.now());
    this.timer = setTimeout(this.draw, wait);
  }

  /** Gives the screen back. Safe to call twice. */
  stop(): void {
    if (!this.running) return;
    this.running = false;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.blocked = false;
    this.stdout.off('resize', this.onResize);
    this.stdout.off('drain', this.onDrain);
    process.off('exit', this.onExit);
    this.stdout.write(LEAVE);
  }

  /** Gives the screen back and stops the process as Ctrl-Z does; goes on when it is continued. */
  suspend(): void {
    if (!this.running) return;
    this.stop();
    process.once('SIGCONT', () => this.start());
    // To the whole process group, as the terminal would: `npx` in between must stop too.
    process.kill(0, 'SIGTSTP');
  }

  private readonly draw = (): void => {
    this.timer = undefined;
    this.lastFrame = performance.now();
    // The last column stays free: erasing to the end of a full line would take its last character.
    const size = { columns: (this.stdout.columns || 80) - 1, rows: this.stdout.rows || 24 };
    const lines = this.render(size).slice(0, size.rows);
    const body = lines.map((line) => `${line}\x1b[K`).join('\r\n');
    this.blocked = !this.stdout.write(FRAME_BEGIN + body + FRAME_END);
  };

  private readonly onDrain = (): void => {
    if (!this.blocked) return;
    this.blocked = false;
    this.requestFrame();
  };

  private readonly onResize = (): void => {
    // A narrower terminal may have wrapped what stood there: start from an empty screen.
    this.stdout.write('\x1b[2J');
    this.requestFrame();
  };

  private readonly onExit = (): void => this.stop();
}
