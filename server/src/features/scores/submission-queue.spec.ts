import { expect, test } from 'vitest';
import type { PlayerId, RankingNo } from '../../domain/ids.js';
import type { Ranking } from '../../domain/ranking.js';
import type { EntryProjection, Submission, SubmissionLog } from './ports.js';
import { SubmissionQueue } from './submission-queue.js';

/** Different ids with the same hash: 31 × A + a = 31 × B + B. */
const ALIKE = ['AaAa', 'AaBB', 'BBAa', 'BBBB'];
const RANKING = { rankingNo: 1 as RankingNo } as Ranking;

function submission(playerId: string, submissionId: string): Submission {
  return { ranking: RANKING, playerId: playerId as PlayerId, submissionId } as Submission;
}

/** Records nothing; keeps which submissions came in which batch. */
class BatchLog {
  readonly batches: string[][] = [];

  async record(batch: readonly Submission[]) {
    this.batches.push(batch.map(({ playerId, submissionId }) => `${playerId} ${submissionId}`));
    await new Promise((resolve) => setImmediate(resolve));
    return { outboxId: undefined, results: batch.map(() => ({ kind: 'rankingGone' as const })) };
  }
}

async function batchesOf(submissions: readonly Submission[]): Promise<string[][]> {
  const log = new BatchLog();
  const queue = new SubmissionQueue(
    log as unknown as SubmissionLog,
    { encode: () => new Uint8Array(), project: async () => [] } as unknown as EntryProjection,
    { batchRecorded() {} },
    { lanes: 1, maxPending: 10_000 },
  );
  const answers = await Promise.all(submissions.map((each) => queue.submit(each)));
  expect(answers).toEqual(submissions.map(() => 'rankingGone'));
  expect(queue.pending).toBe(0);
  return log.batches;
}

test('what waits goes together, in the order of arrival', async () => {
  expect(await batchesOf(['c', 'a', 'b', 'a'].map((id, n) => submission(id, `s${n}`)))).toEqual([
    ['c s0', 'a s1', 'b s2', 'a s3'],
  ]);
});

test('different ids go together though their hashes are equal', async () => {
  const sent = ALIKE.map((id) => submission('p', id));
  expect(await batchesOf(sent)).toEqual([ALIKE.map((id) => `p ${id}`)]);
});

test('all repetitions of a submission wait until it is recorded, and then go together', async () => {
  const sent = [...ALIKE, ...ALIKE, ...ALIKE].map((id) => submission('p', id));
  const each = ALIKE.map((id) => `p ${id}`);
  expect(await batchesOf(sent)).toEqual([each, [...each, ...each]]);
});

test('the same id of different players is no repetition', async () => {
  const sent = ['p', 'q', 'p', 'r'].map((player) => submission(player, 'AaAa'));
  expect(await batchesOf(sent)).toEqual([['p AaAa', 'q AaAa', 'r AaAa'], ['p AaAa']]);
});
