import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { resultOf } from '../../test/messages.js';
import { connectTo, failureOf, ScriptedServer } from '../../test/scripted-server.js';
import type { ErrorReason, StatusCode } from '../errors/rostrum-error.js';
import type { ScoreServiceServer } from '../gen/rostrum/v1/score.js';

const submission = { leaderboardId: 'b', playerId: 'p', score: 1 };
type SubmitScore = ScoreServiceServer['submitScore'];

/** Fails `failures` times, then succeeds; notes the submission ids it saw and when. */
function failing(failures: number, ...error: Parameters<typeof failureOf>) {
  const ids: (string | undefined)[] = [];
  const times: number[] = [];
  const submitScore: SubmitScore = (call, reply) => {
    ids.push(call.request.submission?.submissionId);
    times.push(performance.now());
    if (ids.length <= failures) reply(failureOf(...error));
    else reply(null, { result: resultOf(call.request.submission) });
  };
  return { ids, times, submitScore };
}

describe('a unary call', () => {
  it('is tried again with the same submission id while the service is unavailable', async () => {
    const script = failing(3, 'UNAVAILABLE', 'STORE_UNAVAILABLE');
    await using server = await ScriptedServer.start({ scores: script });
    await using client = connectTo(server);
    const result = await client.scores.submit(submission);
    expect(result.outcome).toBe('APPLIED');
    expect(script.ids).toHaveLength(4);
    expect(new Set(script.ids).size).toBe(1);
    expect(script.ids[0]).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('keeps the submission id that the caller gave', async () => {
    const script = failing(1, 'UNAVAILABLE', 'SHUTTING_DOWN');
    await using server = await ScriptedServer.start({ scores: script });
    await using client = connectTo(server);
    await client.scores.submit({ ...submission, submissionId: 'mine' });
    expect(script.ids).toEqual(['mine', 'mine']);
  });

  it('waits as long as the service asks before it tries again', async () => {
    const script = failing(1, 'RESOURCE_EXHAUSTED', 'OVERLOADED', { retryAfterMs: 300 });
    await using server = await ScriptedServer.start({ scores: script });
    await using client = connectTo(server);
    await client.scores.submit(submission);
    const [first = 0, second = 0] = script.times;
    expect(second - first).toBeGreaterThanOrEqual(299);
  });

  it.each<[StatusCode, ErrorReason | undefined]>([
    ['INVALID_ARGUMENT', 'INVALID_FIELD'],
    ['NOT_FOUND', 'LEADERBOARD_NOT_FOUND'],
    ['PERMISSION_DENIED', 'ROLE_NOT_ALLOWED'],
    ['OUT_OF_RANGE', 'TOTAL_OUT_OF_RANGE'],
    ['INTERNAL', 'INTERNAL'],
    ['RESOURCE_EXHAUSTED', undefined],
  ])('is not tried again after %s %s, which no retry can mend', async (code, reason) => {
    const script = failing(9, code, reason);
    await using server = await ScriptedServer.start({ scores: script });
    await using client = connectTo(server);
    await expect(client.scores.submit(submission)).rejects.toMatchObject({ code, reason });
    expect(script.ids).toHaveLength(1);
  });

  it('gives up with the last failure when the next wait would pass the deadline', async () => {
    const script = failing(99, 'UNAVAILABLE', 'STORE_UNAVAILABLE', { retryAfterMs: 100 });
    await using server = await ScriptedServer.start({ scores: script });
    await using client = connectTo(server);
    const start = performance.now();
    await expect(client.scores.submit(submission, { deadlineMs: 400 })).rejects.toMatchObject({
      reason: 'STORE_UNAVAILABLE',
      retryAfterMs: 100,
    });
    expect(performance.now() - start).toBeLessThan(450);
    expect(script.ids.length).toBeGreaterThan(1);
  });

  it('ends with what the service said of its store when the next attempt hangs', async () => {
    let calls = 0;
    const submitScore: SubmitScore = (_, reply) => {
      calls += 1;
      if (calls === 1) reply(failureOf('UNAVAILABLE', 'STORE_UNAVAILABLE'));
    };
    await using server = await ScriptedServer.start({ scores: { submitScore } });
    await using client = connectTo(server);
    await expect(client.scores.submit(submission, { deadlineMs: 400 })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      reason: 'STORE_UNAVAILABLE',
    });
    expect(calls).toBe(2);
  });

  it('is tried only as often as the client allows', async () => {
    const script = failing(99, 'UNAVAILABLE', 'STORE_UNAVAILABLE');
    await using server = await ScriptedServer.start({ scores: script });
    await using client = connectTo(server, { retry: { maxAttempts: 3 } });
    await expect(client.scores.submit(submission)).rejects.toThrow('STORE_UNAVAILABLE');
    expect(script.ids).toHaveLength(3);
    await using once = connectTo(server, { retry: false });
    await expect(once.scores.submit(submission)).rejects.toThrow('STORE_UNAVAILABLE');
    expect(script.ids).toHaveLength(4);
  });

  it('ends at its deadline when the service does not answer', async () => {
    await using server = await ScriptedServer.start({ scores: { submitScore: () => {} } });
    await using client = connectTo(server, { defaultDeadlineMs: 150 });
    await client.waitForReady({ deadlineMs: 5_000 });
    await expect(client.scores.submit(submission)).rejects.toMatchObject({
      code: 'DEADLINE_EXCEEDED',
      reason: 'DEADLINE_EXCEEDED',
      // In no words of grpc-js, and with what to do.
      message:
        'the answer did not come before the deadline; what was submitted may have been recorded; sent again with the same submissionId it counts once',
      metadata: { submission_id: expect.stringMatching(/^[0-9a-f-]{36}$/) },
    });
    await expect(client.scores.submit(submission, { deadlineMs: 0 })).rejects.toMatchObject({
      code: 'DEADLINE_EXCEEDED',
    });
  });

  it('is cancelled on the server when its signal aborts, and rejects with the reason', async () => {
    const arrived = Promise.withResolvers<Parameters<SubmitScore>[0]>();
    const submitScore: SubmitScore = (call) => arrived.resolve(call);
    await using server = await ScriptedServer.start({ scores: { submitScore } });
    await using client = connectTo(server);
    const controller = new AbortController();
    const result = client.scores.submit(submission, { signal: controller.signal });
    const cancelled = once(await arrived.promise, 'cancelled');
    controller.abort();
    await expect(result).rejects.toMatchObject({ name: 'AbortError' });
    await cancelled;
    const reason = new Error('mine');
    const aborted = AbortSignal.abort(reason);
    await expect(client.scores.submit(submission, { signal: aborted })).rejects.toBe(reason);
  });

  it('does not go on waiting for a retry when its signal aborts', async () => {
    const script = failing(99, 'UNAVAILABLE', 'STORE_UNAVAILABLE', { retryAfterMs: 5_000 });
    await using server = await ScriptedServer.start({ scores: script });
    await using client = connectTo(server);
    const start = performance.now();
    const signal = AbortSignal.timeout(200);
    await expect(client.scores.submit(submission, { signal })).rejects.toMatchObject({
      name: 'TimeoutError',
    });
    expect(performance.now() - start).toBeLessThan(2_000);
  });

  it('survives a restart of the server and sends the same submission again', async () => {
    const ids: (string | undefined)[] = [];
    const arrived = Promise.withResolvers<void>();
    const lost: SubmitScore = (call) => {
      ids.push(call.request.submission?.submissionId);
      arrived.resolve();
    };
    await using server = await ScriptedServer.start({ scores: { submitScore: lost } });
    await using client = connectTo(server);
    const result = client.scores.submit(submission);
    await arrived.promise;
    server.stop();
    const answered = failing(0, 'UNAVAILABLE', undefined);
    await server.restart({ scores: answered });
    const start = performance.now();
    await expect(result).resolves.toMatchObject({ outcome: 'APPLIED' });
    expect(performance.now() - start).toBeLessThan(1_500);
    expect(answered.ids).toEqual(ids);
  });

  it('says in plain words that a server which had answered is gone', async () => {
    await using server = await ScriptedServer.start({
      scores: failing(0, 'UNAVAILABLE', undefined),
    });
    await using client = connectTo(server);
    await client.scores.submit(submission);
    server.stop();
    // A submission over the old connection might have arrived: that it is gone must be known first.
    await client.health.check({}, { deadlineMs: 100 }).catch(() => {});
    const gone = client.scores.submit(submission, { deadlineMs: 500 });
    await expect(gone).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      reason: 'CONNECTION_FAILED',
      message: expect.stringContaining(`${server.address}: nothing listens there (ECONNREFUSED)`),
    });
  });

  it('that creates is not sent twice when the connection is lost before the answer', async () => {
    let calls = 0;
    const arrived = Promise.withResolvers<void>();
    const createLeaderboard = () => {
      calls += 1;
      arrived.resolve();
    };
    await using server = await ScriptedServer.start({ leaderboards: { createLeaderboard } });
    await using client = connectTo(server);
    const result = client.leaderboards.create({ leaderboardId: 'b' });
    const rejected = expect(result).rejects.toMatchObject({ reason: 'CONNECTION_FAILED' });
    await arrived.promise;
    server.stop();
    await server.restart();
    await rejected;
    expect(calls).toBe(1);
  });

  it('that creates is sent again when the service says that it did not begin', async () => {
    let calls = 0;
    await using server = await ScriptedServer.start({
      leaderboards: {
        createLeaderboard: (call, reply) => {
          calls += 1;
          if (calls === 1) reply(failureOf('UNAVAILABLE', 'SHUTTING_DOWN'));
          else reply(null, { leaderboard: call.request.leaderboard });
        },
      },
    });
    await using client = connectTo(server);
    await expect(client.leaderboards.create({ leaderboardId: 'b' })).resolves.toMatchObject({
      leaderboardId: 'b',
    });
    expect(calls).toBe(2);
  });

  it('rejects a request that cannot be encoded without sending it', async () => {
    const script = failing(0, 'UNAVAILABLE', undefined);
    await using server = await ScriptedServer.start({ scores: script });
    await using client = connectTo(server);
    await expect(
      client.scores.submit({ ...submission, metadata: { a: 1n as unknown as number } }),
    ).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', reason: 'INVALID_FIELD' });
    expect(script.ids).toHaveLength(0);
  });
});
