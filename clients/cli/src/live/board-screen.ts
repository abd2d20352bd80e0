import type { Standing } from '@rostrum/client';
import { formatCount, formatScore } from '../output/format-number.js';
import type { ScreenSize } from '../output/live-screen.js';
import { playerLabel } from '../output/player-label.js';
import { safeText } from '../output/safe-text.js';
import type { Style } from '../output/style.js';
import { type Column, renderTable } from '../output/table.js';
import { padText, textWidth, truncateText } from '../output/text-width.js';
import type { LiveBoard, LogEntry } from './live-board.js';
import { DIRECTION_SIGNS, directionOf } from './movement.js';
import { movementLine, paintDirection } from './movement-line.js';

/** How long a change stands out before it is only marked, in milliseconds. */
const FRESH_MS = 1500;
const LEAST_LOG_LINES = 3;
const LEAST_TITLE = 20;
/** Terminals narrower than this many columns show names without ids, and fewer columns. */
const NARROW = 72;
const VERY_NARROW = 50;

export interface BoardScreenOptions {
  /** What is watched, such as `arena · top 10`. */
  readonly title: string;
  readonly style: Style;
  /** The player whose row stands out. */
  readonly highlight?: string | undefined;
  /** A line under the table, such as the rate of a demo. */
  readonly footer?: string | undefined;
}

/**
 * Renders a live board to fit a screen: a title line, the table with its movements marked, and
 * the latest changes below where there is room.
 */
export function renderBoardScreen(
  board: LiveBoard,
  { columns, rows }: ScreenSize,
  now: number,
  options: BoardScreenOptions,
): string[] {
  const { style } = options;
  const table = renderTable(liveColumns(board, now, columns, options), board.standings, {
    style,
    width: columns,
  });
  const footer =
    options.footer === undefined ? [] : ['', style.dim(truncateText(options.footer, columns))];
  const room = rows - 2 - footer.length;
  const shown = table.length <= room ? table : cutTable(table, room, style);
  const logRoom = room - shown.length - 2;
  const latest = board.latest(logRoom);
  const log =
    logRoom < LEAST_LOG_LINES || latest.length === 0
      ? []
      : ['', style.dim('latest changes'), ...latest.map((entry) => logLine(entry, style))];
  const empty = board.standings.length === 0 ? [style.dim('Nobody is here yet.')] : [];
  return [titleLine(board, columns, options), '', ...shown, ...empty, ...footer, ...log].slice(
    0,
    rows,
  );
}

function titleLine(
  board: LiveBoard,
  columns: number,
  { title, style }: BoardScreenOptions,
): string {
  const status = `● ${safeText(board.status)}`;
  const players = `${formatCount(board.totalPlayers)} players`;
  // The status is what a narrow terminal must still show.
  const right = [`${players}  revision ${board.revision}  ${status}`, `${players}  ${status}`].find(
    (text) => textWidth(text) + LEAST_TITLE <= columns,
  );
  const shown = truncateText(right ?? status, columns);
  const left = truncateText(safeText(title), Math.max(0, columns - textWidth(shown) - 2));
  const gap = ' '.repeat(Math.max(0, columns - textWidth(left) - textWidth(shown)));
  const paint = board.status === 'live' ? style.good : style.warn;
  return style.bold(left) + gap + paint(shown);
}

function logLine({ movement, time }: LogEntry, style: Style): string {
  return `${style.dim(clock(time))}  ${movementLine(movement, style)}`;
}

function cutTable(table: readonly string[], room: number, style: Style): string[] {
  const kept = table.slice(0, Math.max(1, room - 1));
  return [...kept, style.dim(`… ${table.length - kept.length} more rows than fit`)];
}

function liveColumns(
  board: LiveBoard,
  now: number,
  width: number,
  { style, highlight }: BoardScreenOptions,
): Column<Standing>[] {
  const fresh = (at: number | undefined) => at !== undefined && now - at < FRESH_MS;
  const columns: Column<Standing>[] = [
    {
      header: 'rank',
      align: 'right',
      text: (row) => String(row.rank),
      paint: (cell, row) => (row.rank <= 3 ? style.highlight(cell) : cell),
    },
    {
      header: 'move',
      minWidth: 8,
      text: ({ playerId }) => placeText(board, playerId, now),
      paint: (cell, { playerId }) => {
        const mark = board.placeMark(playerId, now);
        if (mark === undefined) return cell;
        const painted = paintDirection(directionOf(mark.movement), style)(cell);
        return fresh(mark.at) ? style.bold(painted) : painted;
      },
    },
    {
      header: 'player',
      flexible: true,
      minWidth: 12,
      text: (row) => (width < NARROW ? row.displayName || row.playerId : playerLabel(row)),
      paint: (cell, { playerId }) => (playerId === highlight ? style.highlight(cell) : cell),
    },
    {
      header: 'score',
      align: 'right',
      minWidth: 8,
      text: (row) => formatScore(row.score),
      paint: (cell, { playerId }) =>
        fresh(board.scoreMark(playerId, now)?.at) ? style.bold(cell) : cell,
    },
  ];
  if (width >= VERY_NARROW) {
    columns.push({
      header: 'change',
      align: 'right',
      minWidth: 8,
      text: ({ playerId }) => scoreText(board, playerId, now),
      paint: (cell) => style.dim(cell),
    });
  }
  if (width >= NARROW) {
    columns.push({
      header: 'plays',
      align: 'right',
      text: (row) => formatCount(row.submissionCount),
    });
  }
  return columns;
}

function placeText(board: LiveBoard, playerId: string, now: number): string {
  const mark = board.placeMark(playerId, now);
  if (mark === undefined) return '';
  const direction = directionOf(mark.movement);
  const sign = DIRECTION_SIGNS[direction];
  const { previousRank, rank } = mark.movement;
  if (previousRank === undefined || rank === undefined) return `${sign} ${direction}`;
  return `${sign} ${previousRank}→${rank}`;
}

function scoreText(board: LiveBoard, playerId: string, now: number): string {
  const movement = board.scoreMark(playerId, now)?.movement;
  if (movement?.score === undefined || movement.previousScore === undefined) return '';
  const difference = movement.score - movement.previousScore;
  // A difference of two doubles may show digits that neither of them has.
  const text = formatScore(Number(difference.toPrecision(12)));
  return difference > 0 ? `+${text}` : text;
}

function clock(time: Date): string {
  const part = (value: number, digits: number) => String(value).padStart(digits, '0');
  const seconds = `${part(time.getSeconds(), 2)}.${part(time.getMilliseconds(), 3)}`;
  return padText(`${part(time.getHours(), 2)}:${part(time.getMinutes(), 2)}:${seconds}`, 12);
}
