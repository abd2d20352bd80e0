import type { DatabaseError } from 'pg';
import type { PlayerId } from '../../domain/ids.js';
import type { Outcome } from '../../domain/outcome.js';
import type { Ranking } from '../../domain/ranking.js';
import {
  BatchConflict,
  type Recorded,
  type RecordedBatch,
  type RecordedEntry,
  type Submission,
  type SubmissionLog,
} from '../../features/scores/ports.js';
import { idArray, numberArray, textArray } from './array-literal.js';
import { type Database, sqlState } from './database.js';
import { type EntryColumns, entryOf } from './entry-row.js';
import { ensurePartitions } from './schema-keeper.js';
import { statement } from './sql-file.js';

const APPLY = statement('apply_submissions');

/** serialization_failure, deadlock_detected, unique_violation: see the function's header. */
const CONFLICTS = new Set(['40001', '40P01', '23505']);
/** Submissions cannot count in all of their rankings; the detail names them. */
const REFUSED = '22R01';
/** The other negative outcome is of a sum that would leave its range. */
const RANKING_GONE = -1;
const NO_OTHERS: readonly RecordedEntry[] = [];
/** check_violation: there is no partition for the time of the submissions. */
const NO_PARTITION = '23514';
/**
 * How many batches lock their entries first after a conflict: another one is likely, for another server
 * writes for the same few players, and waiting for it costs less than conflicting again.
 */
const CAUTIOUS_BATCHES = 16;

/** A functions.applied. */
interface Row extends EntryColumns {
  ord: number;
  outcome: number;
  replayed: boolean;
  previous_score: number | null;
  previous_version: string | null;
  block: string;
}

/** The submission log in PostgreSQL: one statement per batch. */
export class PostgresSubmissionLog implements SubmissionLog {
  #cautiousBatches = 0;

  constructor(
    private readonly database: Database,
    private readonly idempotencyDays: number,
  ) {}

  async record(batch: readonly Submission[], afterConflict: boolean): Promise<RecordedBatch> {
    const locks = afterConflict || this.#cautiousBatches > 0;
    this.#cautiousBatches = Math.max(this.#cautiousBatches - 1, 0);
    const elements = elementsOf(batch);
    const order = sortedByKey(batch, elements);
    const sorted = order.map((at) => batch[elements.positions[at] as number] as Submission);
    const rankings = order.map((at) => elements.rankings[at] as Ranking);
    const { firstOrds } = elements;
    const values = [
      numberArray(order.map((at) => at + 1)),
      numberArray(rankings.map((ranking) => ranking.rankingNo)),
      numberArray(sorted.map((s) => s.board.boardNo)),
      idArray(sorted.map((s) => s.playerId)),
      idArray(sorted.map((s) => s.submissionId)),
      numberArray(sorted.map((s) => s.score)),
      numberArray(sorted.map((s) => s.subscore)),
      numberArray(sorted.map((s) => s.clientUs)),
      textArray(sorted.map((s) => s.displayName)),
      textArray(sorted.map((s) => s.metadata)),
      aloneArray(sorted, rankings),
      this.idempotencyDays,
      locks,
      firstOrds && numberArray(order.map((at) => firstOrds[at] as number | null)),
    ];
    try {
      return toBatch(batch, elements, await this.#apply(values));
    } catch (error) {
      if (sqlState(error) === REFUSED) {
        return this.#recordOthers(batch, refusedIn(error, elements), afterConflict);
      }
      if (CONFLICTS.has(sqlState(error) ?? '')) {
        this.#cautiousBatches = CAUTIOUS_BATCHES;
        throw new BatchConflict('the batch met another transaction', { cause: error });
      }
      throw error;
    }
  }

  /** Records a batch without the refused submissions, which come by their positions. */
  async #recordOthers(
    batch: readonly Submission[],
    refused: ReadonlyMap<number, Recorded>,
    afterConflict: boolean,
  ): Promise<RecordedBatch> {
    const others = batch.filter((_, position) => !refused.has(position));
    if (others.length === 0) return { outboxId: undefined, results: [...refused.values()] };
    const { outboxId, results } = await this.record(others, afterConflict);
    const rest = results.values();
    const all = batch.map((_, position) => refused.get(position) ?? rest.next().value);
    return { outboxId, results: all as Recorded[] };
  }

  async #apply(values: unknown[]): Promise<Row[]> {
    const apply = async () => (await this.database.query<Row>(APPLY, values)).rows;
    try {
      return await apply();
    } catch (error) {
      if (sqlState(error) !== NO_PARTITION) throw error;
      // The clock stepped by months since the partitions were made.
      await ensurePartitions(this.database);
      return await apply();
    }
  }
}

/** What the statement gets: an element for each submission of a batch and each of its rankings. */
interface Elements {
  /** The position of the submission in the batch, ascending. */
  readonly positions: readonly number[];
  readonly rankings: readonly Ranking[];
  /**
   * If the submission counts in several rankings, the number of its first element, from 1. Null if none
   * does.
   */
  readonly firstOrds: readonly (number | null)[] | null;
}

function elementsOf(batch: readonly Submission[]): Elements {
  const positions: number[] = [];
  const rankings: Ranking[] = [];
  const firstOrds: (number | null)[] = [];
  batch.forEach((submission, position) => {
    const firstOrd = submission.rankings.length === 1 ? null : rankings.length + 1;
    for (const ranking of submission.rankings) {
      positions.push(position);
      rankings.push(ranking);
      firstOrds.push(firstOrd);
    }
  });
  return { positions, rankings, firstOrds: rankings.length > batch.length ? firstOrds : null };
}

/** Indexes of elements by (ranking, player, arrival): in this order every batch takes its locks. */
function sortedByKey(
  batch: readonly Submission[],
  { positions, rankings }: Elements,
): readonly number[] {
  return positions
    .map((_, at) => at)
    .sort((left, right) => {
      const a = rankings[left] as Ranking;
      const b = rankings[right] as Ranking;
      if (a !== b && a.rankingNo !== b.rankingNo) return a.rankingNo - b.rankingNo;
      const { playerId } = batch[positions[left] as number] as Submission;
      const other = (batch[positions[right] as number] as Submission).playerId;
      if (playerId === other) return left - right;
      return playerId < other ? -1 : 1;
    });
}

/** Whether each sorted element is the only one of its player and ranking. */
function aloneArray(sorted: readonly Submission[], rankings: readonly Ranking[]): string {
  const repeatsPrevious = sorted.map(
    ({ playerId }, at) =>
      sorted[at - 1]?.playerId === playerId &&
      rankings[at - 1]?.rankingNo === (rankings[at] as Ranking).rankingNo,
  );
  const alone = sorted.map((_, at) => !repeatsPrevious[at] && repeatsPrevious[at + 1] !== true);
  return `{${alone.join(',')}}`;
}

function toBatch(
  batch: readonly Submission[],
  { positions, rankings, firstOrds }: Elements,
  rows: readonly Row[],
): RecordedBatch {
  const results = new Array<Recorded>(batch.length);
  const others: RecordedEntry[][] = firstOrds === null ? [] : batch.map(() => []);
  let outboxId: number | undefined;
  for (const row of rows) {
    const position = positions[row.ord - 1] as number;
    if (row.outcome < 0) {
      results[position] = toUnrecorded(row.outcome);
      continue;
    }
    const { playerId } = batch[position] as Submission;
    const isFirst = (firstOrds?.[row.ord - 1] ?? row.ord) === row.ord;
    const ofSubmission = (isFirst && others[position]) || NO_OTHERS;
    const recorded = toRecorded(row, rankings[row.ord - 1] as Ranking, playerId, ofSubmission);
    if (recorded.changed) outboxId = Number(row.block);
    if (isFirst) results[position] = recorded;
    else others[position]?.push(recorded);
  }
  return { outboxId, results };
}

function toUnrecorded(outcome: number): Recorded {
  return { kind: outcome === RANKING_GONE ? 'rankingGone' : 'totalOutOfRange' };
}

/** What became of the submissions that an error with REFUSED names, by their positions. */
function refusedIn(error: unknown, { positions }: Elements): Map<number, Recorded> {
  const outcomes: Record<string, number> = JSON.parse((error as DatabaseError).detail ?? '{}');
  const refused = Object.entries(outcomes).map(
    ([firstOrd, outcome]) =>
      [positions[Number(firstOrd) - 1] as number, toUnrecorded(outcome)] as const,
  );
  return new Map(refused.sort(([a], [b]) => a - b));
}

function toRecorded(
  row: Row,
  ranking: Ranking,
  playerId: PlayerId,
  others: readonly RecordedEntry[],
): Extract<Recorded, { kind: 'recorded' }> {
  const entry = entryOf(ranking.rankingNo, playerId, row);
  return {
    kind: 'recorded',
    outcome: row.outcome as Outcome,
    replayed: row.replayed,
    previousScore: row.previous_score,
    previousVersion: Number(row.previous_version),
    ranking,
    entry,
    // This batch gives its block plus the number of the element as a version.
    changed: entry.version === Number(row.block) + row.ord,
    others,
  };
}
