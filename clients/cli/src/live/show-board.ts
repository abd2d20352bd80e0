import type { RostrumClient, WatchStandingsRequest } from '@rostrum/client';
import { LiveScreen } from '../output/live-screen.js';
import type { Output } from '../output/output.js';
import { renderBoardScreen } from './board-screen.js';
import { Keys } from './keys.js';
import { LiveBoard } from './live-board.js';
import { movementLine } from './movement-line.js';
import { tellingOptions } from './watch-state.js';

/** How often a screen with fading marks is drawn again, in milliseconds. */
const FADE_INTERVAL_MS = 250;

export interface ShowBoardOptions {
  readonly title: string;
  readonly highlight?: string | undefined;
  /** A line under the table, asked for with every frame. */
  readonly footer?: () => string;
  /** Ends the display. */
  readonly signal: AbortSignal;
}

/**
 * Shows a watched view until it is interrupted: as a live table on a terminal, as one line per
 * change where there is none, as one JSON event a line with `--json`. Returns what was last shown.
 *
 * @throws RostrumError when the watch cannot go on
 */
export async function showBoard(
  client: RostrumClient,
  request: WatchStandingsRequest,
  output: Output,
  options: ShowBoardOptions,
): Promise<LiveBoard> {
  const board = new LiveBoard();
  const closing = new AbortController();
  const signal = AbortSignal.any([options.signal, closing.signal]);
  const display = output.live
    ? new TableDisplay(board, output, options, () => closing.abort())
    : new LineDisplay(output);
  display.start();
  try {
    const tell = (status: string): void => {
      board.status = status;
      display.redraw();
    };
    const watch = client.watch.standings(request, tellingOptions(signal, output, tell));
    for await (const event of watch) {
      const movements = board.apply(event, performance.now());
      if (output.json) output.value(event);
      else display.changed(movements);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    display.stop();
  }
  return board;
}

type Movements = ReturnType<LiveBoard['apply']>;

/** Redraws a table in place. */
class TableDisplay {
  private readonly screen: LiveScreen;
  private readonly keys: Keys;
  private fading: NodeJS.Timeout | undefined;

  constructor(board: LiveBoard, output: Output, options: ShowBoardOptions, close: () => void) {
    const { style } = output;
    this.screen = new LiveScreen(output.streams.stdout, (size) =>
      renderBoardScreen(board, size, performance.now(), {
        title: options.title,
        highlight: options.highlight,
        footer: options.footer?.(),
        style,
      }),
    );
    this.keys = new Keys(output.streams.stdin, {
      quit: close,
      suspend: () => this.screen.suspend(),
    });
  }

  start(): void {
    this.keys.start();
    this.screen.start();
    this.fading = setInterval(() => this.screen.requestFrame(), FADE_INTERVAL_MS);
  }

  changed(_movements: Movements): void {
    this.redraw();
  }

  redraw(): void {
    this.screen.requestFrame();
  }

  stop(): void {
    clearInterval(this.fading);
    this.screen.stop();
    this.keys.stop();
  }
}

/** Writes one line per change. */
class LineDisplay {
  constructor(private readonly output: Output) {}

  start(): void {}

  changed(movements: Movements): void {
    const { style } = this.output;
    this.output.lines(...movements.map((movement) => movementLine(movement, style)));
  }

  redraw(): void {}

  stop(): void {}
}
