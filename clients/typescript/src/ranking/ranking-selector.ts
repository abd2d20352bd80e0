/** Which ranking a call means. */
export interface RankingSelector {
  readonly leaderboardId: string;
  /** Default: the current season. */
  readonly seasonId?: string | undefined;
  /** Default: the whole board. */
  readonly segment?: { readonly key: string; readonly value: string } | undefined;
}
