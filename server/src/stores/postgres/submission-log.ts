import type { Entry } from '../../domain/entry.js';
import type { Outcome } from '../../domain/outcome.js';
import {
  BatchConflict,
  type Recorded,
  type RecordedBatch,
  type Submission,
  type SubmissionLog,
} from '../../features/scores/ports.js';
import { idArray, numberArray, textArray } from './array-literal.js';
import { type Database, sqlState } from './database.js';
import { ensurePartitions } from './schema-keeper.js';
import { statement } from './sql-file.js';

const APPLY = statement('apply_submissions');

/** serialization_failure, deadlock_detected, unique_violation: see the function's header. */
const CONFLICTS = new Set(['40001', '40P01', '23505']);
/** check_violation: there is no partition for the time of the submissions. */
const NO_PARTITION = '23514';
/**
 * How many batches lock their entries first after a conflict. Where one is, the next is not far: few
 * players, and another server that writes for them. Waiting for it costs less than meeting it.
 */
const CAUTIOUS_BATCHES = 16;

interface Row {
  ord: number;
  outcome: number;
  replayed: boolean;
  previous_score: number | null;
  block: string | null;
  score: number;
  subscore: number;
  reached: string;
  version: string;
  submissions: number;
  achieved_us: string;
  update_us: string;
  display_name: string;
  metadata: string | null;
  ranked: boolean;
}

/** The submission log in PostgreSQL: one statement per batch. */
export class PostgresSubmissionLog implements SubmissionLog {
  readonly #database: Database;
  readonly #idempotencyDays: number;
  #cautious = 0;

  constructor(database: Database, idempotencyDays: number) {
    this.#database = database;
    this.#idempotencyDays = idempotencyDays;
  }

  async record(batch: readonly Submission[], afterConflict: boolean): Promise<RecordedBatch> {
    const locks = afterConflict || this.#cautious > 0;
    this.#cautious -= this.#cautious > 0 ? 1 : 0;
    const order = sortedByKey(batch);
    const sorted = order.map((index) => batch[index] as Submission);
    const values = [
      numberArray(order.map((index) => index + 1)),
      numberArray(sorted.map((s) => s.ranking.rankingNo)),
      numberArray(sorted.map((s) => s.ranking.boardNo)),
      idArray(sorted.map((s) => s.playerId)),
      idArray(sorted.map((s) => s.submissionId)),
      numberArray(sorted.map((s) => s.score)),
      numberArray(sorted.map((s) => s.subscore)),
      numberArray(sorted.map((s) => s.clientUs)),
      textArray(sorted.map((s) => s.displayName)),
      textArray(sorted.map((s) => s.metadata)),
      aloneArray(sorted),
      this.#idempotencyDays,
      locks,
    ];
    try {
      return toBatch(batch, await this.#apply(values));
    } catch (error) {
      if (CONFLICTS.has(sqlState(error) ?? '')) {
        this.#cautious = CAUTIOUS_BATCHES;
        throw new BatchConflict('the batch met another transaction', { cause: error });
      }
      throw error;
    }
  }

  async #apply(values: unknown[]): Promise<Row[]> {
    const apply = async () => (await this.#database.query<Row>(APPLY, values)).rows;
    try {
      return await apply();
    } catch (error) {
      if (sqlState(error) !== NO_PARTITION) throw error;
      // The clock stepped by months since the partitions were made.
      await ensurePartitions(this.#database);
      return await apply();
    }
  }
}

/** Positions in the order of (ranking, player, arrival), in which every batch takes its locks. */
function sortedByKey(batch: readonly Submission[]): number[] {
  return batch
    .map((_, index) => index)
    .sort((left, right) => {
      const a = batch[left] as Submission;
      const b = batch[right] as Submission;
      if (a.ranking !== b.ranking && a.ranking.rankingNo !== b.ranking.rankingNo) {
        return a.ranking.rankingNo - b.ranking.rankingNo;
      }
      if (a.playerId === b.playerId) return left - right;
      return a.playerId < b.playerId ? -1 : 1;
    });
}

/** Whether each is the only one of its player and ranking, of submissions in the order of these. */
function aloneArray(sorted: readonly Submission[]): string {
  const repeatsPrevious = sorted.map((submission, at) => {
    const previous = sorted[at - 1];
    return (
      previous?.playerId === submission.playerId &&
      previous.ranking.rankingNo === submission.ranking.rankingNo
    );
  });
  const alone = sorted.map((_, at) => !repeatsPrevious[at] && repeatsPrevious[at + 1] !== true);
  return `{${alone.join(',')}}`;
}

function toBatch(batch: readonly Submission[], rows: readonly Row[]): RecordedBatch {
  const results = new Array<Recorded>(batch.length);
  let outboxId: number | undefined;
  for (const row of rows) {
    const recorded = toRecorded(batch[row.ord - 1] as Submission, row);
    results[row.ord - 1] = recorded;
    if (recorded.kind === 'recorded' && recorded.changed) outboxId = Number(row.block);
  }
  return { outboxId, results };
}

function toRecorded(submission: Submission, row: Row): Recorded {
  if (row.outcome === -1) return { kind: 'rankingGone' };
  if (row.outcome === -2) return { kind: 'totalOutOfRange' };
  const entry: Entry = {
    rankingNo: submission.ranking.rankingNo,
    playerId: submission.playerId,
    score: row.score,
    subscore: row.subscore,
    reached: Number(row.reached),
    version: Number(row.version),
    submissions: row.submissions,
    achievedUs: Number(row.achieved_us),
    updateUs: Number(row.update_us),
    displayName: row.display_name,
    metadata: row.metadata,
    ranked: row.ranked,
  };
  return {
    kind: 'recorded',
    outcome: row.outcome as Outcome,
    replayed: row.replayed,
    previousScore: row.previous_score,
    entry,
    // Versions of this batch are its block plus the position; a null block took no version.
    changed: row.block !== null && entry.version === Number(row.block) + row.ord,
  };
}
