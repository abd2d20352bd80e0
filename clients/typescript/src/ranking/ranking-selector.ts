/** Which ranking a call means. */
export interface RankingSelector {
  /** `[A-Za-z0-9][A-Za-z0-9._:-]{0,127}`. */
  readonly leaderboardId: string;
}
