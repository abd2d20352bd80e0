import type { Board } from '../../domain/board.js';
import type { Caller } from '../../domain/caller.js';
import { RostrumError } from '../../domain/errors.js';
import type { LeaderboardId, SubmissionId } from '../../domain/ids.js';
import type { Submission, SubmissionTargets } from './ports.js';
import { newSubmissionId } from './submission-ids.js';
import type { SubmissionQueue, Submitted } from './submission-queue.js';
import type { ParsedSubmission } from './wire/submission-conversion.js';

/** How often a submission follows a leaderboard that is deleted and created again meanwhile. */
const MAX_ATTEMPTS = 5;

/** Takes submissions to the leaderboards that they name. */
export class ScoreService {
  constructor(
    private readonly targets: SubmissionTargets,
    private readonly queue: SubmissionQueue,
  ) {}

  /** @throws LEADERBOARD_NOT_FOUND, TOTAL_OUT_OF_RANGE, STORE_UNAVAILABLE, OVERLOADED */
  submit(parsed: ParsedSubmission, nowMs: number, caller: Caller): Promise<Submitted> {
    const submissionId = parsed.submissionId ?? newSubmissionId(nowMs);
    return this.#submit(parsed, submissionId, caller, 1);
  }

  #submit(
    parsed: ParsedSubmission,
    submissionId: SubmissionId,
    caller: Caller,
    attempt: number,
  ): Promise<Submitted> {
    // Queued at once if the leaderboard is known, because the order of arrival counts.
    const known = this.targets.known(parsed.leaderboardId);
    const result =
      known === undefined
        ? this.#findTarget(parsed, caller).then((board) =>
            this.queue.submit(toSubmission(parsed, submissionId, board), caller),
          )
        : this.queue.submit(toSubmission(parsed, submissionId, known), caller);
    return result.then((submitted) => {
      if (typeof submitted === 'object') return submitted;
      if (submitted === 'totalOutOfRange') throw totalOutOfRange();
      if (attempt >= MAX_ATTEMPTS) throw unsettled(parsed.leaderboardId);
      this.targets.forget(parsed.leaderboardId);
      return this.#submit(parsed, submissionId, caller, attempt + 1);
    });
  }

  /** Takes a place in the queue, so naming unknown leaderboards lets nobody hold more than others. */
  async #findTarget({ leaderboardId, settings }: ParsedSubmission, caller: Caller) {
    this.queue.hold(caller);
    try {
      return await this.targets.findOrCreate(leaderboardId, settings, caller);
    } finally {
      this.queue.release(caller);
    }
  }
}

function toSubmission(
  parsed: ParsedSubmission,
  submissionId: SubmissionId,
  board: Board,
): Submission {
  return { ...parsed, submissionId, board, rankings: board.rankings };
}

function unsettled(leaderboardId: LeaderboardId): RostrumError {
  return new RostrumError(
    'STORE_UNAVAILABLE',
    `leaderboard ${leaderboardId} is being deleted and made again; retry`,
    { retryAfterMs: 500 },
  );
}

function totalOutOfRange(): RostrumError {
  return new RostrumError(
    'TOTAL_OUT_OF_RANGE',
    'the sum would leave ±9007199254740991 (2^53 - 1), the range in which integers are exact; nothing was recorded',
  );
}
