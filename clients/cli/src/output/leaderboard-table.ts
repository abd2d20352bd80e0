import type { Leaderboard } from '@rostrum/client';
import { safeText } from './safe-text.js';
import type { Style } from './style.js';
import { renderTable, type TableOptions } from './table.js';

/** Renders leaderboards as a table. */
export function renderLeaderboards(
  boards: readonly Leaderboard[],
  { style, width }: TableOptions,
): string[] {
  return renderTable<Leaderboard>(
    [
      {
        header: 'leaderboard',
        flexible: true,
        text: (board) => board.leaderboardId,
        paint: (cell) => style.bold(cell),
      },
      { header: 'aggregation', text: (board) => board.aggregation.toLowerCase() },
      { header: 'order', text: (board) => board.sortOrder.toLowerCase() },
      { header: 'created', text: (board) => timeText(board.createTime) },
      { header: 'name', flexible: true, text: (board) => board.displayName },
    ],
    boards,
    { style, width },
  );
}

/** Renders the settings of one leaderboard, a line each. */
export function renderLeaderboard(board: Leaderboard, style: Style): string[] {
  const settings: [string, string][] = [
    ['leaderboard', board.leaderboardId],
    ['name', board.displayName || '-'],
    ['aggregation', board.aggregation.toLowerCase()],
    ['order', board.sortOrder.toLowerCase()],
    ['subscore order', board.subscoreSortOrder.toLowerCase()],
    ['metadata', board.metadata === undefined ? '-' : JSON.stringify(board.metadata)],
    ['created', timeText(board.createTime)],
    ['updated', timeText(board.updateTime)],
  ];
  return settings.map(([name, value]) => `${style.dim(name.padEnd(14))}  ${safeText(value)}`);
}

function timeText(time: Date | undefined): string {
  return time === undefined
    ? '-'
    : time
        .toISOString()
        .replace('T', ' ')
        .replace(/\.\d+Z$/, ' UTC');
}
