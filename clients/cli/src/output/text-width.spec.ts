import { describe, expect, it } from 'vitest';
import { padText, textWidth, truncateText } from './text-width.js';

describe('text width', () => {
  it('counts terminal columns, not characters', () => {
    expect(textWidth('美咲')).toBe(4);
    expect(textWidth('👨‍👩‍👧')).toBe(2);
    expect(textWidth('e\u0301')).toBe(1);
  });

  it('pads to columns on either side and leaves a longer text alone', () => {
    expect(padText('美', 4)).toBe('美  ');
    expect(padText('7', 3, 'right')).toBe('  7');
    expect(padText('longer', 3)).toBe('longer');
  });

  it.each([
    ['abcdef', 6, 'abcdef'],
    ['abcdef', 5, 'abcd…'],
    ['美咲美咲', 5, '美咲…'],
    ['美咲美咲', 6, '美咲…'],
    ['👨‍👩‍👧👨‍👩‍👧', 3, '👨‍👩‍👧…'],
    ['ab', 1, '…'],
    ['ab', 0, ''],
  ])('cuts %s to %i columns without cutting through a character', (text, width, cut) => {
    expect(truncateText(text, width)).toBe(cut);
    expect(textWidth(truncateText(text, width))).toBeLessThanOrEqual(width);
  });
});
