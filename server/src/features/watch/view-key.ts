import { hash } from 'node:crypto';
import type { PlayerId, RankingNo } from '../../domain/ids.js';
import type { RankingRead } from '../../domain/ranking.js';

/** Which part of a ranking is watched. */
export type ViewSpec =
  | { readonly kind: 'top'; readonly count: number }
  | { readonly kind: 'around'; readonly playerId: PlayerId; readonly count: number }
  /** Ids sorted and without repetition, so that equal sets are one view. */
  | { readonly kind: 'players'; readonly playerIds: readonly PlayerId[] };

/** How a view is read. */
export function readOf(spec: ViewSpec): RankingRead {
  return spec.kind === 'top' ? { kind: 'range', start: 0, count: spec.count } : spec;
}

/** Tells one part of a ranking from another: 32 bytes, the same on every server. */
export function hashOf(spec: ViewSpec): Buffer {
  return hash('sha256', nameOf(spec), 'buffer');
}

function nameOf(spec: ViewSpec): string {
  switch (spec.kind) {
    case 'top':
      return `top ${spec.count}`;
    case 'around':
      return `around ${spec.count} ${spec.playerId}`;
    case 'players':
      return `players ${spec.playerIds.join(' ')}`;
  }
}

/** Watchers with the same key share one view. */
export function viewKey(rankingNo: RankingNo, spec: ViewSpec, minIntervalMs: number): string {
  return `${rankingNo} ${minIntervalMs} ${hashOf(spec).toString('base64url')}`;
}

/**
 * Raises an interval to the next of a limited number of steps, so that watchers who ask for nearly
 * the same share a view: steps of 10 ms up to one second, of 100 ms above.
 */
export function intervalStep(milliseconds: number): number {
  const step = milliseconds <= 1000 ? 10 : 100;
  return Math.ceil(milliseconds / step) * step;
}
