import { describe, expect, it } from 'vitest';
import { renderProgress } from './progress-bar.js';
import { makeStyle } from './style.js';
import { textWidth } from './text-width.js';

const style = makeStyle(false);

describe('renderProgress', () => {
  it('shows the share, the counts and the note', () => {
    expect(renderProgress({ done: 500, total: 2000, note: '120/s' }, style)).toBe(
      `${'█'.repeat(7)}▌${'·'.repeat(22)}    25 %  500 of 2,000  120/s`,
    );
  });

  it('stays at 100 % when there was more to do than estimated', () => {
    expect(renderProgress({ done: 12, total: 10 }, style)).toContain('100 %  12 of 10');
  });

  it('shows the count alone while the total is unknown', () => {
    expect(renderProgress({ done: 1200, total: 0, note: 'checked' }, style)).toBe('1,200  checked');
  });

  it('fits the terminal', () => {
    const line = renderProgress({ done: 1, total: 3, note: 'a long note '.repeat(9) }, style, 60);
    expect(textWidth(line)).toBe(60);
  });
});
