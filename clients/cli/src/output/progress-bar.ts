import { formatCount, formatPercent } from './format-number.js';
import type { Style } from './style.js';
import { textWidth, truncateText } from './text-width.js';

const BAR_WIDTH = 30;
const REDRAW_INTERVAL_MS = 50;
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/**
 * Renders one line of at most `width` columns: the bar, the share done, the counts and a note. An
 * unknown total (0) shows the count alone; a total that was estimated too low never shows more
 * than 100 %.
 */
export function renderProgress(
  progress: { done: number; total: number; note?: string },
  style: Style,
  width = 80,
): string {
  const { done, total, note = '' } = progress;
  if (total <= 0) return truncateText(`${formatCount(done)}  ${note}`.trimEnd(), width);
  const share = Math.min(1, Math.max(0, done / total));
  const eighths = Math.floor(share * BAR_WIDTH * 8);
  const full = '█'.repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8];
  const bar = style.accent(full) + style.dim('·'.repeat(BAR_WIDTH - textWidth(full)));
  const percent = `${formatPercent(share * 100)} %`.padStart(7);
  const words = `${percent}  ${formatCount(done)} of ${formatCount(total)}  ${note}`.trimEnd();
  return `${bar} ${truncateText(words, Math.max(0, width - BAR_WIDTH - 1))}`;
}

/** A progress bar on one line of a terminal; silent where the stream is none. */
export class ProgressBar {
  private lastDraw = 0;
  private drawn = false;

  constructor(
    private readonly stream: NodeJS.WriteStream,
    private readonly style: Style,
    private readonly enabled = stream.isTTY === true,
  ) {}

  /** Shows the progress; redraws at most 20 times a second. */
  update(done: number, total: number, note = ''): void {
    const now = performance.now();
    if (!this.enabled || (this.drawn && now - this.lastDraw < REDRAW_INTERVAL_MS)) return;
    this.lastDraw = now;
    this.drawn = true;
    const width = (this.stream.columns || 80) - 1;
    this.stream.write(`\r${renderProgress({ done, total, note }, this.style, width)}\x1b[K`);
  }

  /** Takes the bar off the screen, so that results stand on a clean line. */
  clear(): void {
    if (this.drawn) this.stream.write('\r\x1b[K');
    this.drawn = false;
  }
}
