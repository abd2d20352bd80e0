import type { RostrumError } from '../errors/rostrum-error.js';
import type { SubmissionName } from './duplicate.js';
import type { ObservedPromise } from './observed-promise.js';
import type { ScoreItem, ScoreResult } from './score.js';

/** A submission in a score stream whose result the caller does not have yet. */
export interface PendingScore<Submission = unknown> extends SubmissionName {
  /** As the caller gave it. */
  readonly submission: Submission;
  readonly payload: Buffer;
  /** What the caller has of it. */
  readonly promise: ObservedPromise<ScoreResult>;
  readonly resolve: (result: ScoreResult) => void;
  readonly reject: (error: unknown) => void;
  /** The final answer, kept until those before it have theirs. */
  item: ScoreItem | undefined;
  /** The last refusal that a retry may mend. */
  refusal: RostrumError | undefined;
  /** When it was first refused so, in milliseconds since 1970. */
  refusedSince: number | undefined;
  /** Whether it was sent, and may have been recorded without an answer that says so. */
  isUnsure: boolean;
}

/**
 * Those that have no final answer and are worth sending (again), in the same order. Gives those
 * that are not their last refusal as the final answer: the ones refused since before
 * `refusedBefore` (milliseconds since 1970), and the ones that a later, accepted submission of the
 * same player has overtaken. Arriving after it, they could replace it where the last write wins:
 * that is for the caller to decide.
 */
export function selectUnanswered<Pending extends PendingScore>(
  entries: readonly Pending[],
  refusedBefore: number,
): Pending[] {
  const overtaken = new Set<string>();
  const unanswered: Pending[] = [];
  for (const entry of entries.toReversed()) {
    const { item, refusal, refusedSince = Number.POSITIVE_INFINITY } = entry;
    // Submissions of the same player on the same leaderboard must not overtake each other.
    const key = `${entry.leaderboardId} ${entry.playerId}`;
    if (item) {
      if (item.ok) overtaken.add(key);
    } else if (refusal && (overtaken.has(key) || refusedSince <= refusedBefore)) {
      entry.item = { ok: false, error: refusal };
    } else {
      entry.refusal = undefined;
      unanswered.push(entry);
    }
  }
  return unanswered.reverse();
}
