import { describe, expect, it } from 'vitest';
import { resultOf } from '../../test/messages.js';
import { connectTo, ScriptedServer } from '../../test/scripted-server.js';
import { Outcome, type ScoreServiceServer, type ScoreSubmission } from '../gen/rostrum/v1/score.js';

/** Says of every submission with the id `used` that it is a duplicate. */
function scores(): Pick<ScoreServiceServer, 'submitScore' | 'batchSubmitScores' | 'streamScores'> {
  const result = (submission: ScoreSubmission | undefined) => {
    const outcome =
      submission?.submissionId === 'used' ? Outcome.OUTCOME_DUPLICATE : Outcome.OUTCOME_APPLIED;
    return { ...resultOf(submission), outcome };
  };
  const item = (submission: ScoreSubmission | undefined) => ({
    item: { $case: 'result' as const, value: result(submission) },
  });
  return {
    submitScore: ({ request }, reply) => reply(null, { result: result(request.submission) }),
    batchSubmitScores: ({ request }, reply) =>
      reply(null, { items: request.submissions.map(item) }),
    streamScores: (call) => {
      call.on('data', ({ submission }) => call.write({ item: item(submission) }));
      call.on('end', () => call.end());
    },
  };
}

const used = { leaderboardId: 'b', playerId: 'p', score: 2, submissionId: 'used' };
const fresh = { leaderboardId: 'b', playerId: 'p', score: 3 };
const reused = {
  code: 'ALREADY_EXISTS',
  reason: 'SUBMISSION_ID_REUSED',
  message: expect.stringContaining('"used" was used before'),
  metadata: { leaderboard_id: 'b', player_id: 'p', submission_id: 'used' },
};

describe('a submission whose id was used before for a different one', () => {
  it('is an error of every way to submit', async () => {
    await using server = await ScriptedServer.start({ scores: scores() });
    await using client = connectTo(server);
    await expect(client.scores.submit(used)).rejects.toMatchObject(reused);
    expect(await client.scores.batchSubmit([used, fresh])).toMatchObject([
      { ok: false, error: reused },
      { ok: true, result: { outcome: 'APPLIED' } },
    ]);
    await using stream = client.scores.stream();
    const results = await Promise.allSettled([stream.submit(used), stream.submit(fresh)]);
    expect(results).toMatchObject([{ reason: reused }, { value: { outcome: 'APPLIED' } }]);
  });

  it('is a result for callers who say so', async () => {
    await using server = await ScriptedServer.start({ scores: scores() });
    await using client = connectTo(server);
    const resolve = { onDuplicate: 'resolve' } as const;
    const duplicate = { outcome: 'DUPLICATE', standing: { rank: 1 } };
    expect(await client.scores.submit(used, resolve)).toMatchObject(duplicate);
    expect(await client.scores.batchSubmit([used], resolve)).toMatchObject([
      { ok: true, result: duplicate },
    ]);
    await using stream = client.scores.stream(resolve);
    expect(await stream.submit(used)).toMatchObject(duplicate);
  });
});
