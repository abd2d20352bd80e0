import type { BoardNo, LeaderboardId } from './ids.js';
import type { LeaderboardSettings } from './leaderboard.js';
import type { Ranking } from './ranking.js';

/** A leaderboard with the rankings that a submission to it counts in. */
export interface Board {
  readonly boardNo: BoardNo;
  readonly leaderboardId: LeaderboardId;
  readonly settings: LeaderboardSettings;
  /** The outcome of a submission is that in the first one, and so is the standing in the answer. */
  readonly rankings: readonly [Ranking, ...Ranking[]];
}
