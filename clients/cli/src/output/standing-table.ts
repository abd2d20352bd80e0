import type { Standing } from '@rostrum/client';
import { formatCount, formatPercent, formatScore } from './format-number.js';
import type { Style } from './style.js';
import { type Column, renderTable } from './table.js';

/** What a table of standings shows besides the standings. */
export interface StandingTableOptions {
  readonly style: Style;
  readonly width?: number | undefined;
  /** The player whose row stands out. */
  readonly highlight?: string | undefined;
}

/** Renders standings as a table; columns that say nothing (names, subscores) are left out. */
export function renderStandings(
  standings: readonly Standing[],
  { style, width, highlight }: StandingTableOptions,
): string[] {
  const mark = (cell: string, { playerId }: Standing) =>
    playerId === highlight ? style.highlight(cell) : cell;
  const columns: Column<Standing>[] = [
    {
      header: 'rank',
      align: 'right',
      text: (row) => String(row.rank),
      paint: (cell, row) =>
        row.rank <= 3 || row.playerId === highlight ? style.highlight(cell) : cell,
    },
    { header: 'player', flexible: true, text: (row) => row.playerId, paint: mark },
  ];
  if (standings.some((row) => row.displayName !== '')) {
    columns.push({ header: 'name', flexible: true, text: (row) => row.displayName, paint: mark });
  }
  columns.push({
    header: 'score',
    align: 'right',
    text: (row) => formatScore(row.score),
    paint: mark,
  });
  if (standings.some((row) => row.subscore !== 0)) {
    columns.push({
      header: 'subscore',
      align: 'right',
      text: (row) => formatScore(row.subscore),
      paint: mark,
    });
  }
  columns.push(
    { header: 'better than', align: 'right', text: (row) => `${formatPercent(row.percentile)} %` },
    { header: 'plays', align: 'right', text: (row) => formatCount(row.submissionCount) },
  );
  return renderTable(columns, standings, { style, width });
}
