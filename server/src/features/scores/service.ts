import { RostrumError } from '../../domain/errors.js';
import type { LeaderboardId } from '../../domain/ids.js';
import type { LeaderboardSettings } from '../../domain/leaderboard.js';
import type { Ranking } from '../../domain/ranking.js';
import type { SubmissionTargets } from './ports.js';
import type { ParsedSubmission } from './submission-conversions.js';
import { newSubmissionId } from './submission-ids.js';
import type { SubmissionQueue, Submitted } from './submission-queue.js';

/** How often a submission follows a leaderboard that is deleted just then. */
const MAX_ATTEMPTS = 5;

/** Takes submissions to the leaderboards they name. */
export class ScoreService {
  readonly #targets: SubmissionTargets;
  readonly #queue: SubmissionQueue;

  constructor(targets: SubmissionTargets, queue: SubmissionQueue) {
    this.#targets = targets;
    this.#queue = queue;
  }

  /** @throws LEADERBOARD_NOT_FOUND, TOTAL_OUT_OF_RANGE, STORE_UNAVAILABLE, OVERLOADED */
  async submit(parsed: ParsedSubmission, nowMs: number): Promise<Submitted> {
    const submissionId = parsed.submissionId ?? newSubmissionId(nowMs);
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      // No await for a known leaderboard: submissions reach the queue in the order of arrival.
      const ranking =
        this.#targets.known(parsed.leaderboardId) ??
        (await this.#find(parsed.leaderboardId, parsed.settings));
      const result = await this.#queue.submit({ ...parsed, ranking, submissionId });
      if (result === 'totalOutOfRange') throw totalOutOfRange();
      if (result !== 'rankingGone') return result;
      this.#targets.forget(parsed.leaderboardId);
    }
    throw new RostrumError(
      'STORE_UNAVAILABLE',
      `leaderboard ${parsed.leaderboardId} is being deleted and made again; retry`,
      { retryAfterMs: 500 },
    );
  }

  #find(leaderboardId: LeaderboardId, settings: LeaderboardSettings): Promise<Ranking> {
    return this.#targets.findOrCreate(leaderboardId, settings);
  }
}

function totalOutOfRange(): RostrumError {
  return new RostrumError(
    'TOTAL_OUT_OF_RANGE',
    'the sum would leave ±9007199254740992 (2^53), where not every integer is exact; nothing was recorded',
  );
}
