import type { Submission } from '../../src/features/scores/ports.js';

/** What a submission says of its board, which has these rankings. */
export function countsIn(
  ...rankings: Submission['rankings']
): Pick<Submission, 'board' | 'rankings'> {
  const [{ boardNo, leaderboardId, settings }] = rankings;
  return { board: { boardNo, leaderboardId, settings, rankings }, rankings };
}
