import { describe, expect, it } from 'vitest';
import { resultOf, streamed } from '../../test/messages.js';
import { connectTo, ScriptedServer, statusOf } from '../../test/scripted-server.js';
import type { ScoreSubmission as Received } from '../gen/rostrum/v1/score.js';
import type { ScoreSubmission } from '../index.js';

const good = { leaderboardId: 'b', playerId: 'p', score: 1 };

/** As a caller without a compiler writes it. */
function untyped(parts: Readonly<Record<string, unknown>>): ScoreSubmission {
  return { ...good, ...parts } as ScoreSubmission;
}

/** A server that applies everything and notes what it received, by whichever call. */
async function startServer() {
  const received: (Received | undefined)[] = [];
  const server = await ScriptedServer.start({
    scores: {
      submitScore: ({ request }, reply) => {
        received.push(request.submission);
        reply(null, { result: resultOf(request.submission) });
      },
      batchSubmitScores: ({ request }, reply) => {
        received.push(...request.submissions);
        const items = request.submissions.map(
          (submission) => ({ item: { $case: 'result', value: resultOf(submission) } }) as const,
        );
        reply(null, { items });
      },
      streamScores: (call) => {
        call.on('data', ({ submission }) => {
          received.push(submission);
          call.write(streamed(submission));
        });
        call.on('end', () => call.end());
      },
    },
  });
  return { server, received };
}

describe('submissions of callers without a compiler', () => {
  const wrong: readonly (readonly [ScoreSubmission, string, string])[] = [
    [untyped({ score: '' }), 'score', 'must be a number, not a string'],
    [untyped({ score: null }), 'score', 'must be a number, not null'],
    [untyped({ score: undefined }), 'score', 'must be a number, not undefined'],
    [untyped({ subscore: '3' }), 'subscore', 'must be a number, not a string'],
    [untyped({ playerId: 5 }), 'playerId', 'must be a string, not a number'],
    [untyped({ leaderboardId: 7 }), 'leaderboardId', 'must be a string, not a number'],
    [untyped({ submissionId: 0 }), 'submissionId', 'must be a string, not a number'],
    [untyped({ displayName: 5 }), 'displayName', 'must be a string, not a number'],
    [untyped({ clientTime: 5 }), 'clientTime', 'must be a Date, not a number'],
    [untyped({ metadata: '{}' }), 'metadata', 'must be an object, not a string'],
    [
      untyped({ metadata: { at: [new Date(0)] } }),
      'metadata.at[0]',
      'must be plain JSON, not a Date',
    ],
  ];

  it.each(wrong)('are refused before they are sent: %j', async (submission, field, description) => {
    const { server, received } = await startServer();
    await using _ = server;
    await using client = connectTo(server);
    await using stream = client.scores.stream();
    const refusal = {
      code: 'INVALID_ARGUMENT',
      reason: 'INVALID_FIELD',
      fieldViolations: [{ field, description }],
    };
    await expect(client.scores.submit(submission)).rejects.toMatchObject(refusal);
    await expect(stream.submit(submission)).rejects.toMatchObject(refusal);
    // The stream goes on.
    await expect(stream.submit(good)).resolves.toMatchObject({ outcome: 'APPLIED' });
    expect(received).toMatchObject([good]);
  });

  it('do not spoil the others of a batch, whose items keep their places', async () => {
    const { server, received } = await startServer();
    await using _ = server;
    await using client = connectTo(server);
    const submissions = Array.from({ length: 1_003 }, (_, score) => untyped({ score }));
    for (const at of [0, 2, 1_001]) submissions[at] = untyped({ score: String(at) });
    const items = await client.scores.batchSubmit(submissions);
    expect(items.map(({ result }) => result?.standing.score)).toEqual(
      submissions.map(({ score }) => (typeof score === 'number' ? score : undefined)),
    );
    expect(items[1_001]?.error).toMatchObject({
      reason: 'INVALID_FIELD',
      fieldViolations: [{ field: 'submissions[1001].score' }],
    });
    expect(received).toHaveLength(1_000);
    await expect(client.scores.batchSubmit([untyped({ score: null })])).resolves.toMatchObject([
      { ok: false, error: { reason: 'INVALID_FIELD' } },
    ]);
    expect(received).toHaveLength(1_000);
  });

  it('are refused as a whole where they are no list', async () => {
    await using client = connectTo({ address: 'localhost:1' });
    const arena = client.leaderboard('b');
    for (const submissions of [good, new Set([good]), undefined]) {
      await expect(client.scores.batchSubmit(submissions as never)).rejects.toThrow(
        'submissions: must be an array, not',
      );
      await expect(arena.batchSubmit(submissions as never)).rejects.toThrow(
        'submissions: must be an array, not',
      );
    }
  });
});

it('names refused fields by their place in the whole batch', async () => {
  await using server = await ScriptedServer.start({
    scores: {
      batchSubmitScores: ({ request }, reply) => {
        const items = request.submissions.map((submission, index) => {
          if (submission.playerId !== '') {
            return { item: { $case: 'result', value: resultOf(submission) } } as const;
          }
          const fields = [{ field: `submissions[${index}].player_id`, description: 'is empty' }];
          const value = statusOf('INVALID_ARGUMENT', 'INVALID_FIELD', { fields });
          const message = `submissions[${index}].player_id: is empty`;
          return { item: { $case: 'error', value: { ...value, message } } } as const;
        });
        reply(null, { items });
      },
    },
  });
  await using client = connectTo(server);
  const submissions: ScoreSubmission[] = Array.from({ length: 1_003 }, () => good);
  submissions[0] = untyped({ score: null });
  for (const at of [5, 1_002]) submissions[at] = untyped({ playerId: '' });
  const items = await client.scores.batchSubmit(submissions);
  for (const at of [5, 1_002]) {
    const field = `submissions[${at}].playerId`;
    expect(items[at]?.error).toMatchObject({
      reason: 'INVALID_FIELD',
      message: `${field}: is empty`,
      fieldViolations: [{ field, description: 'is empty' }],
    });
  }
});

describe('a message over the limit', () => {
  const large = { ...good, displayName: 'x'.repeat(5 * 1024 * 1024) };
  const refusal = {
    code: 'RESOURCE_EXHAUSTED',
    reason: 'MESSAGE_TOO_LARGE',
    message: expect.stringContaining('the limit of 4194304'),
    metadata: { limit: '4194304', size: expect.stringMatching(/^52\d{5}$/) },
  };

  it('is not sent, and does not end a stream', async () => {
    const { server, received } = await startServer();
    await using _ = server;
    await using client = connectTo(server);
    await using stream = client.scores.stream();
    await expect(client.scores.submit(large)).rejects.toMatchObject(refusal);
    await expect(client.scores.batchSubmit([large])).rejects.toMatchObject(refusal);
    await expect(stream.submit(large)).rejects.toMatchObject(refusal);
    await expect(stream.submit(good)).resolves.toMatchObject({ outcome: 'APPLIED' });
    expect(received).toMatchObject([good]);
  });

  it('has the same reason when gRPC refuses it on the way', async () => {
    const answer = resultOf({ ...good } as Received);
    const unlockedAchievements = ['x'.repeat(17 * 1024 * 1024)];
    await using server = await ScriptedServer.start({
      scores: {
        submitScore: (_call, reply) => reply(null, { result: { ...answer, unlockedAchievements } }),
      },
    });
    await using client = connectTo(server);
    await expect(client.scores.submit(good)).rejects.toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      reason: 'MESSAGE_TOO_LARGE',
      metadata: { limit: '16777216' },
    });
  });
});
