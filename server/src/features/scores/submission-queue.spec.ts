import { expect, test } from 'vitest';
import { countsIn } from '../../../test/support/counts-in.ts';
import { testCaller } from '../../../test/support/test-caller.ts';
import type { Caller } from '../../domain/caller.js';
import type { PlayerId, RankingNo } from '../../domain/ids.js';
import type { Ranking } from '../../domain/ranking.js';
import { BatchStats } from '../../observability/batch-stats.js';
import type { EntryProjection, Submission, SubmissionLog } from './ports.js';
import { SubmissionQueue } from './submission-queue.js';

/** Different ids with the same hash: 31 × A + a = 31 × B + B. */
const ALIKE = ['AaAa', 'AaBB', 'BBAa', 'BBBB'];
const RANKING = { rankingNo: 1 as RankingNo } as Ranking;

function submission(
  playerId: string,
  submissionId: string,
  rankings: Submission['rankings'] = [RANKING],
): Submission {
  return {
    ...countsIn(...rankings),
    playerId: playerId as PlayerId,
    submissionId,
  } as Submission;
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
  const caller = testCaller();
  const queue = new SubmissionQueue(
    log as unknown as SubmissionLog,
    { encode: () => new Uint8Array(), project: async () => [] } as unknown as EntryProjection,
    new BatchStats(),
    { lanes: 1, maxPending: 10_000 },
  );
  const answers = await Promise.all(submissions.map((each) => queue.submit(each, caller)));
  expect(answers).toEqual(submissions.map(() => 'rankingGone'));
  expect(queue.pending).toBe(0);
  return log.batches;
}

test('what waits goes together, in the order of arrival', async () => {
  expect(await batchesOf(['c', 'a', 'b', 'a'].map((id, n) => submission(id, `s${n}`)))).toEqual([
    ['c s0', 'a s1', 'b s2', 'a s3'],
  ]);
});

test('a batch is limited by the rankings that its submissions count in', async () => {
  const sent = Array.from({ length: 300 }, (_, n) =>
    submission('p', `s${n}`, [RANKING, RANKING, RANKING, RANKING]),
  );
  const batches = await batchesOf(sent);
  expect(batches.map((batch) => batch.length)).toEqual([128, 128, 44]);
  expect(batches.flat()).toEqual(sent.map(({ submissionId }) => `p ${submissionId}`));
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

/** A queue that is not read from until `start`, and what was recorded in which batch. */
function heldQueue(maxPending = 100_000) {
  const log = new BatchLog();
  const queue = new SubmissionQueue(
    log as unknown as SubmissionLog,
    { encode: () => new Uint8Array(), project: async () => [] } as unknown as EntryProjection,
    new BatchStats(),
    { lanes: 1, maxPending },
  );
  const answers: Promise<unknown>[] = [];
  const submit = (caller: Caller, name: string, count: number, from = 0) => {
    for (let at = from; at < from + count; at += 1) {
      answers.push(queue.submit(submission(name, `${name}${at}`), caller));
    }
  };
  const recorded = async () => {
    await Promise.all(answers);
    return log.batches.map((batch) => batch.map((each) => each.split(' ')[1] as string));
  };
  return { queue, submit, recorded };
}

test('a caller with few submissions waits for one batch, however many others have waiting', async () => {
  const { submit, recorded } = heldQueue();
  const greedy = testCaller('writer/greedy');
  submit(greedy, 'greedy', 5_000);
  submit(testCaller('writer/modest'), 'modest', 3);
  const [first = []] = await recorded();
  expect(first.filter((id) => id.startsWith('modest'))).toEqual(['modest0', 'modest1', 'modest2']);
});

test('connections of one identity take turns too, and each keeps its order', async () => {
  const { submit, recorded } = heldQueue();
  const one = testCaller('writer/game');
  const other = testCaller('writer/game', one.of);
  submit(one, 'one', 3_000);
  submit(other, 'other', 100);
  submit(one, 'one', 100, 3_000);
  const batches = await recorded();
  expect(batches[0]?.filter((id) => id.startsWith('other'))).toHaveLength(100);
  const ofOne = batches.flat().filter((id) => id.startsWith('one'));
  expect(ofOne).toEqual(Array.from({ length: 3_100 }, (_, at) => `one${at}`));
});

test('one submission repeated without end holds up no one else', async () => {
  const { queue, submit, recorded } = heldQueue();
  const greedy = testCaller('writer/greedy');
  const repeated = Array.from({ length: 5_000 }, () =>
    queue.submit(submission('p', 'again'), greedy),
  );
  submit(testCaller('writer/modest'), 'modest', 300);
  const batches = await recorded();
  await Promise.all(repeated);
  expect(batches[0]?.filter((id) => id.startsWith('modest'))).toHaveLength(300);
});

test('an identity may have most of the places, and leaves some to others', async () => {
  const { queue, submit, recorded } = heldQueue(1_000);
  const greedy = testCaller('writer/greedy');
  const refused: unknown[] = [];
  const much = Array.from({ length: 30 }, () => testCaller('writer/greedy', greedy.of)).flatMap(
    (connection, line) =>
      Array.from({ length: 40 }, (_, at) =>
        queue.submit(submission('p', `${line}-${at}`), connection).catch((error) => {
          refused.push(error.reason);
        }),
      ),
  );
  expect(greedy.of.submissions).toBe(900);
  submit(testCaller('writer/modest'), 'modest', 50);
  await recorded();
  await Promise.all(much);
  expect(new Set(refused)).toEqual(new Set(['OVERLOADED']));
  expect(greedy.of).toMatchObject({ submissions: 0, refused: refused.length });
  expect(queue.pending).toBe(0);
});
