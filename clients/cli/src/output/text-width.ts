import stringWidth from 'string-width';

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

export type Alignment = 'left' | 'right';

/** The number of terminal columns that `text` takes: 2 for wide characters, 0 for combining ones. */
export function textWidth(text: string): number {
  return stringWidth(text);
}

/** Pads `text` with spaces to `width` columns. A longer text is returned as it is. */
export function padText(text: string, width: number, alignment: Alignment = 'left'): string {
  const padding = ' '.repeat(Math.max(0, width - textWidth(text)));
  return alignment === 'left' ? text + padding : padding + text;
}

/** Cuts `text` to at most `width` columns, never inside a character, ending in `…` where cut. */
export function truncateText(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  if (width <= 0) return '';
  let kept = '';
  let used = 0;
  for (const { segment } of graphemes.segment(text)) {
    const columns = textWidth(segment);
    if (used + columns > width - 1) break;
    kept += segment;
    used += columns;
  }
  return `${kept}…`;
}
