import { RostrumError } from '../errors/rostrum-error.js';
import {
  ScoreServiceService,
  type ScoreSubmission as ScoreSubmissionMessage,
} from '../gen/rostrum/v1/score.js';
import { Attempts, mayBeDoneAfter } from '../transport/attempts.js';
import { Backoff } from '../transport/backoff.js';
import { type CallOptions, deadlineAfter } from '../transport/call-options.js';
import type { Connection } from '../transport/connection.js';
import { retryWaitMs } from '../transport/retry-decision.js';
import { sleep } from '../transport/sleep.js';
import { callUnary } from '../transport/unary.js';
import { withoutDuplicate } from './duplicate.js';
import type { ScoreItem } from './score.js';
import { fromItemMessage } from './score-conversion.js';
import type { OnDuplicate } from './submit-options.js';
import { mayBeRecorded } from './unsure-submission.js';

/**
 * Submits up to 1,000 scores in one call, and sends again, until the deadline, those that were
 * refused for a cause that passes. Rejects when no call gave items at all, or the caller or client ended
 * it; `attempts` then says what that leaves open. Items that may have been recorded say so.
 */
export async function submitBatch(
  connection: Connection,
  submissions: readonly ScoreSubmissionMessage[],
  onDuplicate: OnDuplicate,
  attempts: Attempts,
  options: CallOptions = {},
): Promise<ScoreItem[]> {
  const { settings } = connection;
  const deadline = deadlineAfter(options.deadlineMs ?? settings.defaultDeadlineMs);
  const backoff = new Backoff(settings.retry);
  const items = await submitOnce(connection, submissions, onDuplicate, attempts, options);
  const unsure = new Set<number>();
  noteUnsure(unsure, items.keys(), items);
  if (unsure.size > 0 || items.some(({ ok }) => ok)) attempts.noteDone();
  for (let attempt = 2; attempt <= settings.retry.maxAttempts; attempt++) {
    const again = repeatable(submissions, items);
    if (again.length === 0) break;
    const waitMs = backoff.next(longestWaitMs(again, items));
    if (Date.now() + waitMs >= deadline) break;
    await sleep(waitMs, options.signal, connection.closing);
    const retrying = new Attempts();
    const retried = await retry(
      connection,
      again.map((index) => submissions[index] as ScoreSubmissionMessage),
      onDuplicate,
      retrying,
      { deadlineMs: deadline - Date.now(), signal: options.signal },
    );
    if (!retried) {
      if (retrying.mayBeDone) for (const index of again) unsure.add(index);
      break;
    }
    for (const [position, index] of again.entries()) items[index] = retried[position] as ScoreItem;
    noteUnsure(unsure, again, items);
  }
  for (const index of unsure) {
    const { error } = items[index] as ScoreItem;
    const { submissionId } = submissions[index] as ScoreSubmissionMessage;
    if (error) items[index] = { ok: false, error: mayBeRecorded(error, submissionId) };
  }
  return items;
}

/** Adds those whose refusal leaves open whether they are recorded, and removes those of which it is known. */
function noteUnsure(
  unsure: Set<number>,
  indexes: Iterable<number>,
  items: readonly ScoreItem[],
): void {
  for (const index of indexes) {
    const { error } = items[index] as ScoreItem;
    if (error && mayBeDoneAfter(error, unsure.has(index))) unsure.add(index);
    else unsure.delete(index);
  }
}

async function submitOnce(
  connection: Connection,
  submissions: readonly ScoreSubmissionMessage[],
  onDuplicate: OnDuplicate,
  attempts: Attempts,
  options: CallOptions,
): Promise<ScoreItem[]> {
  const method = ScoreServiceService.batchSubmitScores;
  const message = { submissions: [...submissions] };
  const { items } = await callUnary(connection, method, message, 'freely', options, attempts);
  return submissions.map((submission, index) =>
    withoutDuplicate(fromItemMessage(items[index]), submission, onDuplicate),
  );
}

/** Undefined when the call failed as a whole: the items before it then stand. */
async function retry(
  connection: Connection,
  submissions: readonly ScoreSubmissionMessage[],
  onDuplicate: OnDuplicate,
  attempts: Attempts,
  options: CallOptions,
): Promise<ScoreItem[] | undefined> {
  try {
    return await submitOnce(connection, submissions, onDuplicate, attempts, options);
  } catch (error) {
    if (error instanceof RostrumError && error.reason !== 'CLIENT_CLOSED') return undefined;
    throw error;
  }
}

/**
 * The items worth sending again, in order. Not those that a later, accepted submission of the same
 * player has overtaken: arriving late, they could replace it where the last write wins.
 */
function repeatable(
  submissions: readonly ScoreSubmissionMessage[],
  items: readonly ScoreItem[],
): number[] {
  const accepted = new Set<string>();
  const indexes: number[] = [];
  for (let index = items.length - 1; index >= 0; index--) {
    const submission = submissions[index] as ScoreSubmissionMessage;
    const item = items[index] as ScoreItem;
    const key = `${submission.leaderboardId} ${submission.playerId}`;
    if (item.ok) accepted.add(key);
    else if (!accepted.has(key) && retryWaitMs(item.error, 'freely') !== undefined) {
      indexes.unshift(index);
    }
  }
  return indexes;
}

function longestWaitMs(indexes: readonly number[], items: readonly ScoreItem[]): number {
  return Math.max(...indexes.map((index) => items[index]?.error?.retryAfterMs ?? 0));
}
