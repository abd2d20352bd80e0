import { styleText } from 'node:util';

type Format = Parameters<typeof styleText>[0];

/** Colours text for one output stream, or leaves it as it is. */
export interface Style {
  readonly enabled: boolean;
  bold(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  bad(text: string): string;
  warn(text: string): string;
  accent(text: string): string;
  highlight(text: string): string;
}

/**
 * Returns the style for `stream`: colours on a terminal, none elsewhere; `NO_COLOR`,
 * `NODE_DISABLE_COLORS` and `FORCE_COLOR` decide otherwise.
 */
export function styleFor(stream: NodeJS.WriteStream): Style {
  return makeStyle(styleText('red', 'x', { stream }) !== 'x');
}

/** Returns a style that colours everything or nothing. */
export function makeStyle(enabled: boolean): Style {
  const paint = (format: Format) => (text: string) =>
    enabled && text !== '' ? styleText(format, text, { validateStream: false }) : text;
  return {
    enabled,
    bold: paint('bold'),
    dim: paint('dim'),
    good: paint('green'),
    bad: paint('red'),
    warn: paint('yellow'),
    accent: paint('cyan'),
    highlight: paint(['bold', 'yellow']),
  };
}
