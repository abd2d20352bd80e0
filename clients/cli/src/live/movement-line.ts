import { formatScore } from '../output/format-number.js';
import { playerLabel } from '../output/player-label.js';
import { safeText } from '../output/safe-text.js';
import type { Style } from '../output/style.js';
import { DIRECTION_SIGNS, type Direction, directionOf, type Movement } from './movement.js';

/** One change on one line: `▲ alice  5 → 2  1200 → 1350`. */
export function movementLine(movement: Movement, style: Style): string {
  const direction = directionOf(movement);
  const paint = paintDirection(direction, style);
  const rank = step(movement.previousRank, movement.rank, String);
  const score = step(movement.previousScore, movement.score, formatScore);
  return [
    paint(DIRECTION_SIGNS[direction]),
    safeText(playerLabel(movement)),
    ...(rank === '' ? [] : [`rank ${paint(rank)}`]),
    ...(score === '' ? [] : [`score ${score}`]),
    ...(movement.kind === 'left' ? [paint('left')] : []),
  ].join('  ');
}

/** Colours a text by the direction it tells of. */
export function paintDirection(direction: Direction, style: Style): (text: string) => string {
  switch (direction) {
    case 'up':
      return style.good;
    case 'down':
      return style.bad;
    case 'new':
      return style.accent;
    case 'gone':
      return style.warn;
    case 'same':
      return style.dim;
  }
}

function step(
  before: number | undefined,
  after: number | undefined,
  format: (value: number) => string,
): string {
  if (before !== undefined && after !== undefined && before !== after) {
    return `${format(before)} → ${format(after)}`;
  }
  const only = after ?? before;
  return only === undefined ? '' : format(only);
}
