import { describe, expect, it } from 'vitest';
import { safeText } from './safe-text.js';

describe('safeText', () => {
  it.each([
    ['an escape sequence that would clear the screen', '\x1b[2Jx', '␛[2Jx'],
    ['a one-byte control sequence introducer', '\x9b2J', '\\u{9b}2J'],
    ['line feeds, carriage returns, bells and tabs', 'a\n\r\x07\tb', 'a␊␍␇␉b'],
    ['delete', 'a\x7fb', 'a␡b'],
    ['a right-to-left override', 'a\u202eb', 'a\\u{202e}b'],
    ['an isolate', 'a\u2066b', 'a\\u{2066}b'],
    ['a zero-width space', 'a\u200bb', 'a\\u{200b}b'],
    ['line and paragraph separators', '\u2028\u2029', '\\u{2028}\\u{2029}'],
    ['half a surrogate pair', 'a\ud800b', 'a\ufffdb'],
  ])('makes %s visible', (_what, text, safe) => {
    expect(safeText(text)).toBe(safe);
  });

  it.each(['Zoë', '美咲', '👨‍👩‍👧', '🏴󠁧󠁢󠁥󠁮󠁧󠁿', 'می‌خواهم', 'שלום'])('keeps %s as it is', (text) => {
    expect(safeText(text)).toBe(text);
  });
});
