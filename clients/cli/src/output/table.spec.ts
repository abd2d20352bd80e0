import { describe, expect, it } from 'vitest';
import { makeStyle } from './style.js';
import { type Column, renderTable } from './table.js';
import { textWidth } from './text-width.js';

interface Row {
  readonly name: string;
  readonly score: string;
}

const columns: Column<Row>[] = [
  { header: 'name', text: (row) => row.name, flexible: true },
  { header: 'score', align: 'right', text: (row) => row.score },
];
const style = makeStyle(false);

describe('renderTable', () => {
  it('aligns columns by display width, with wide characters in names', () => {
    const rows = [
      { name: '美咲', score: '1200' },
      { name: 'Ada', score: '7' },
      { name: '🎮', score: '-15.5' },
    ];
    expect(renderTable(columns, rows, { style })).toEqual([
      'name  score',
      '美咲   1200',
      'Ada       7',
      '🎮    -15.5',
    ]);
  });

  it('never sends a control character of a name to the terminal', () => {
    const [, line = ''] = renderTable(columns, [{ name: '\x1b]0;title\x07\n', score: '1' }], {
      style,
    });
    expect(line).toContain('␛]0;title␇␊');
  });

  it('cuts the flexible column to fit the terminal', () => {
    const rows = [{ name: 'a very long name indeed', score: '9007199254740991' }];
    const lines = renderTable(columns, rows, { style, width: 30 });
    expect(lines[1]).toBe('a very long…  9007199254740991');
    expect(lines.map(textWidth)).toEqual([30, 30]);
  });

  it('colours a cell after padding, so that colours do not shift columns', () => {
    const painted = columns.map((column) => ({ ...column, paint: (cell: string) => `<${cell}>` }));
    expect(renderTable(painted, [{ name: 'Ada', score: '7' }], { style })[1]).toBe(
      '<Ada >  <    7>',
    );
  });
});
