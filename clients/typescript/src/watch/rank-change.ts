import type { Standing } from '../standings/standing.js';

interface ChangeBase {
  /** Whose place. */
  readonly playerId: string;
  /** The revision that the change made; 0 where several changes may be merged. */
  readonly revision: number;
}

interface Before {
  /** The rank before the change, from 1. */
  readonly previousRank: number;
  /** The score before the change. */
  readonly previousScore: number;
}

/**
 * The change of one player's place:
 *
 * - `ENTERED`: the player was not in the view (or ranking) before.
 * - `MOVED`: the player's rank changed, or the place among players of the same rank.
 * - `UPDATED`: rank and place are the same, and something else of the standing changed.
 * - `LEFT`: the player is no longer in the view (or ranking).
 *
 * `place` is the position in the order of the ranking, from 1, where that is not the rank: views are
 * sorted by it.
 */
export type RankChange =
  | (ChangeBase & {
      readonly kind: 'ENTERED';
      readonly standing: Standing;
      readonly place?: number | undefined;
      readonly previousRank?: undefined;
      readonly previousScore?: undefined;
    })
  | (ChangeBase &
      Before & {
        readonly kind: 'MOVED' | 'UPDATED';
        readonly standing: Standing;
        readonly place?: number | undefined;
      })
  | (ChangeBase & Before & { readonly kind: 'LEFT'; readonly standing?: undefined });

/** `ENTERED`, `MOVED`, `UPDATED` or `LEFT`: see RankChange. */
export type RankChangeKind = RankChange['kind'];
