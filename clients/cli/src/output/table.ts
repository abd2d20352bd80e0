import { safeText } from './safe-text.js';
import type { Style } from './style.js';
import { type Alignment, padText, textWidth, truncateText } from './text-width.js';

const GAP = '  ';
const LEAST_FLEXIBLE_WIDTH = 6;

/** One column of a table of `Row`s. */
export interface Column<Row> {
  readonly header: string;
  readonly align?: Alignment;
  /** The plain text of the cell; made safe for the terminal by the table. */
  text(row: Row): string;
  /** Colours the finished, padded cell. */
  paint?(cell: string, row: Row): string;
  /** Whether the column gives way when the table is wider than the terminal. */
  readonly flexible?: boolean;
  /** The least width in terminal columns, so that a live table does not jitter. */
  readonly minWidth?: number;
}

export interface TableOptions {
  readonly style: Style;
  /** Terminal columns available; absent: no limit. */
  readonly width?: number | undefined;
}

/** Renders `rows` as lines: a dim header, then one line per row, without trailing spaces. */
export function renderTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  { style, width }: TableOptions,
): string[] {
  const cells = rows.map((row) => columns.map((column) => safeText(column.text(row))));
  const widths = fitWidths(columns, naturalWidths(columns, cells), width);
  const line = (texts: readonly string[], paint: (cell: string, index: number) => string) =>
    texts
      .map((text, index) => {
        const columnWidth = widths[index] ?? 0;
        const align = columns[index]?.align ?? 'left';
        const last = index === texts.length - 1 && align === 'left';
        const cut = truncateText(text, columnWidth);
        return paint(last ? cut : padText(cut, columnWidth, align), index);
      })
      .join(GAP);

  const header = line(
    columns.map((column) => column.header),
    (cell) => style.dim(cell),
  );
  const body = rows.map((row, rowIndex) =>
    line(cells[rowIndex] ?? [], (cell, index) => columns[index]?.paint?.(cell, row) ?? cell),
  );
  return [header, ...body].map((text) => (style.enabled ? text : text.trimEnd()));
}

function naturalWidths<Row>(columns: readonly Column<Row>[], cells: readonly string[][]): number[] {
  return columns.map((column, index) =>
    cells.reduce(
      (widest, row) => Math.max(widest, textWidth(row[index] ?? '')),
      Math.max(textWidth(column.header), column.minWidth ?? 0),
    ),
  );
}

/** Takes the missing columns from the widest flexible column, again and again. */
function fitWidths<Row>(
  columns: readonly Column<Row>[],
  natural: readonly number[],
  available: number | undefined,
): number[] {
  const widths = [...natural];
  if (available === undefined) return widths;
  const total = widths.reduce((sum, width) => sum + width, GAP.length * (widths.length - 1));
  for (let excess = total - available; excess > 0; excess--) {
    let widest = -1;
    columns.forEach((column, index) => {
      const width = widths[index] ?? 0;
      if (column.flexible && width > LEAST_FLEXIBLE_WIDTH && width > (widths[widest] ?? 0)) {
        widest = index;
      }
    });
    if (widest === -1) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return widths;
}
