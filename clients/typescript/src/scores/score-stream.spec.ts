import { describe, expect, it } from 'vitest';
import { resultOf, streamed } from '../../test/messages.js';
import { connectTo, failureOf, ScriptedServer, statusOf } from '../../test/scripted-server.js';
import { answering, refused } from '../../test/scripted-stream.js';
import type { ScoreServiceServer, ScoreSubmission } from '../gen/rostrum/v1/score.js';
import type { ScoreStream } from './score-stream.js';

type StreamScores = ScoreServiceServer['streamScores'];
type ServerCall = Parameters<StreamScores>[0];

function submitScores(stream: ScoreStream, scores: readonly number[], playerId?: string) {
  return scores.map((score) =>
    stream.submit({ leaderboardId: 'b', playerId: playerId ?? `p${score}`, score }),
  );
}

const range = (count: number) => Array.from({ length: count }, (_, index) => index);

describe('ScoreStream', () => {
  it('resolves each submission with its own result, in order', async () => {
    const script = answering(streamed);
    await using server = await ScriptedServer.start({ scores: script });
    await using client = connectTo(server);
    await using stream = client.scores.stream();
    const settled: number[] = [];
    const results = submitScores(stream, range(3_000));
    for (const [index, result] of results.entries()) void result.then(() => settled.push(index));
    const scores = (await Promise.all(results)).map(({ standing }) => standing.score);
    expect(scores).toEqual(range(3_000));
    expect(settled).toEqual(range(3_000));
    expect(stream.pending).toBe(0);
    expect(script.calls()).toBe(1);
  });

  it('rejects a refused submission and goes on with the others', async () => {
    const script = answering((submission) =>
      submission.score === 1 ? refused('INVALID_ARGUMENT', 'INVALID_FIELD') : streamed(submission),
    );
    await using server = await ScriptedServer.start({ scores: script });
    await using client = connectTo(server);
    await using stream = client.scores.stream();
    const outcomes = await Promise.allSettled(submitScores(stream, range(3)));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(outcomes[1]).toMatchObject({ reason: { code: 'INVALID_ARGUMENT' } });
    expect(script.received).toHaveLength(3);
  });

  it('sends what was not answered again with the same ids when the connection is lost', async () => {
    const script = answering((submission, count) => {
      if (count === 500) server.stop();
      return count > 300 && count <= 500 ? undefined : streamed(submission);
    });
    await using server = await ScriptedServer.start({ scores: script });
    await using client = connectTo(server);
    await using stream = client.scores.stream();
    const results = submitScores(stream, range(1_000));
    await results[299];
    await expect.poll(() => script.received.length).toBeGreaterThanOrEqual(500);
    await server.restart();
    const scores = (await Promise.all(results)).map(({ standing }) => standing.score);
    expect(scores).toEqual(range(1_000));
    const ids = new Map(script.received.map(({ score, submissionId }) => [submissionId, score]));
    expect(ids.size).toBe(1_000);
    // What had its answer is not sent a second time.
    const sent = script.scores();
    expect(sent.filter((score) => score < 200)).toEqual(range(200));
    const again = sent.slice(sent.lastIndexOf(300));
    expect(again).toEqual(range(1_000).slice(300));
  });

  it('sends a submission again that the service could not store, before later ones', async () => {
    let away = true;
    const script = answering((submission, count) => {
      // Back between two attempts: within one, a later submission would overtake those before it.
      if (submission.score === 2 && count > 7) away = false;
      if (away && submission.score >= 2) return refused('UNAVAILABLE', 'STORE_UNAVAILABLE');
      return streamed(submission);
    });
    await using server = await ScriptedServer.start({ scores: script });
    await using client = connectTo(server);
    await using stream = client.scores.stream();
    const results = submitScores(stream, range(5), 'same');
    await Promise.all(results);
    const sent = script.scores();
    expect(sent.slice(0, 5)).toEqual(range(5));
    expect(sent.slice(-3)).toEqual([2, 3, 4]);
  });

  it('does not send a submission after a later accepted one of the same player', async () => {
    const script = answering((submission, count) =>
      submission.playerId !== 'b' && count <= 4 && submission.score < 2
        ? refused('UNAVAILABLE', 'STORE_UNAVAILABLE')
        : streamed(submission),
    );
    await using server = await ScriptedServer.start({ scores: script });
    await using client = connectTo(server);
    await using stream = client.scores.stream();
    const players = ['overtaken', 'alone', 'overtaken', 'b'];
    const results = players.map((playerId, score) =>
      stream.submit({ leaderboardId: 'b', playerId, score }),
    );
    const outcomes = await Promise.allSettled(results);
    expect(outcomes.map(({ status }) => status)).toEqual([
      'rejected',
      'fulfilled',
      'fulfilled',
      'fulfilled',
    ]);
    expect(outcomes[0]).toMatchObject({ reason: { reason: 'STORE_UNAVAILABLE' } });
    expect(script.scores()).toEqual([0, 1, 2, 3, 1]);
  });

  it('keeps answers and submissions together when the connection is lost during a retry', async () => {
    let lost = false;
    const script = answering((submission, count) => {
      if (submission.score % 10 === 3 && count < 40) {
        if (count > 20 && !lost) {
          lost = true;
          setImmediate(() => {
            server.stop();
            void server.restart();
          });
        }
        return refused('UNAVAILABLE', 'STORE_UNAVAILABLE', { retryAfterMs: 30 });
      }
      return streamed(submission);
    });
    await using server = await ScriptedServer.start({ scores: script });
    await using client = connectTo(server);
    await using stream = client.scores.stream({ maxInFlight: 8 });
    const results = await Promise.all(submitScores(stream, range(200)));
    expect(results.map(({ standing }) => standing.score)).toEqual(range(200));
    expect(lost).toBe(true);
  });

  it('gives up a submission that stays refused, and only that one', async () => {
    const script = answering((submission) =>
      submission.score === 1
        ? refused('RESOURCE_EXHAUSTED', 'OVERLOADED', { retryAfterMs: 20 })
        : streamed(submission),
    );
    await using server = await ScriptedServer.start({ scores: script });
    await using client = connectTo(server);
    await using stream = client.scores.stream({ giveUpAfterMs: 200 });
    const outcomes = await Promise.allSettled(submitScores(stream, range(4)));
    expect(outcomes.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'fulfilled',
    ]);
    expect(outcomes[1]).toMatchObject({ reason: { reason: 'OVERLOADED' } });
    expect(script.scores().filter((score) => score === 1).length).toBeGreaterThan(2);
    await stream.submit({ leaderboardId: 'b', playerId: 'p', score: 9 });
  });

  it('keeps no more on the way than allowed, and says when there is room again', async () => {
    const held: ServerCall[] = [];
    const script = answering((_submission, _count, call) => {
      held.push(call);
      return undefined;
    });
    await using server = await ScriptedServer.start({ scores: script });
    await using client = connectTo(server);
    const stream = client.scores.stream({ maxInFlight: 10, maxPending: 15 });
    await stream.ready();
    const results = submitScores(stream, range(15));
    await expect(
      stream.submit({ leaderboardId: 'b', playerId: 'p', score: 1 }),
    ).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED', reason: 'STREAM_FULL' });
    await expect.poll(() => held.length).toBe(10);
    let room = false;
    const ready = stream.ready().then(() => {
      room = true;
    });
    const answer = (submission: ScoreSubmission | undefined) =>
      held[0]?.write(streamed(submission));
    for (const submission of script.received.slice(0, 5)) answer(submission);
    await results[4];
    await expect.poll(() => held.length).toBe(15);
    expect(room).toBe(false);
    answer(script.received[5]);
    await ready;
    for (const submission of script.received.slice(6)) answer(submission);
    await Promise.all(results);
    await stream.end();
  });

  it('ends when everything has its result, and takes nothing after that', async () => {
    const script = answering(streamed);
    await using server = await ScriptedServer.start({ scores: script });
    await using client = connectTo(server);
    const stream = client.scores.stream();
    const results = submitScores(stream, range(100));
    const ended = stream.end();
    await expect(
      stream.submit({ leaderboardId: 'b', playerId: 'p', score: 1 }),
    ).rejects.toMatchObject({ reason: 'STREAM_ENDED' });
    await ended;
    expect(stream.pending).toBe(0);
    await Promise.all(results);
    await client.scores.stream().end();
  });

  it('rejects everything with the reason of its signal, and cancels the call', async () => {
    const cancelled = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<void>();
    const script = answering((_submission, _count, call) => {
      call.once('cancelled', cancelled.resolve);
      arrived.resolve();
      return undefined;
    });
    await using server = await ScriptedServer.start({ scores: script });
    await using client = connectTo(server);
    const controller = new AbortController();
    const stream = client.scores.stream({ signal: controller.signal });
    const outcomes = Promise.allSettled([...submitScores(stream, range(3)), stream.end()]);
    await arrived.promise;
    controller.abort();
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ reason: { name: 'AbortError' } });
    }
    await cancelled.promise;
  });

  it('fails for good with an error that no retry can mend', async () => {
    await using server = await ScriptedServer.start({
      scores: {
        streamScores: (call) =>
          call.emit('error', failureOf('PERMISSION_DENIED', 'ROLE_NOT_ALLOWED')),
      },
    });
    await using client = connectTo(server);
    const stream = client.scores.stream();
    const outcomes = await Promise.allSettled(submitScores(stream, range(2)));
    const [later] = submitScores(stream, [3]);
    for (const outcome of [...outcomes, ...(await Promise.allSettled([later, stream.end()]))]) {
      expect(outcome).toMatchObject({ reason: { reason: 'ROLE_NOT_ALLOWED' } });
    }
  });

  it('gives up on a server that stays away', async () => {
    await using server = await ScriptedServer.start({});
    server.stop();
    await using client = connectTo(server);
    const stream = client.scores.stream({ giveUpAfterMs: 300 });
    const [result] = submitScores(stream, [1]);
    await expect(result).rejects.toMatchObject({
      reason: 'CONNECTION_FAILED',
      message: expect.stringContaining('nothing listens there'),
    });
  });

  it('lets the server slow it down: what it did not read is not sent', async () => {
    let resume: (() => void) | undefined;
    let readFirst = 0;
    const streamScores: StreamScores = (call) => {
      call.pause();
      call.on('data', ({ submission }) => {
        readFirst += 1;
        call.write(streamed(submission));
      });
      call.on('end', () => call.end());
      resume = () => call.resume();
      call.pause();
    };
    await using server = await ScriptedServer.start({ scores: { streamScores } });
    await using client = connectTo(server);
    await using stream = client.scores.stream({ maxInFlight: 5_000 });
    const metadata = { text: 'x'.repeat(1_000) };
    const results = range(5_000).map((score) =>
      stream.submit({ leaderboardId: 'b', playerId: 'p', score, metadata }),
    );
    await expect.poll(() => resume).toBeDefined();
    expect(stream.pending).toBe(5_000);
    expect(readFirst).toBeLessThan(100);
    resume?.();
    expect(await Promise.all(results)).toHaveLength(5_000);
  });
});

describe('batchSubmit', () => {
  type BatchSubmitScores = ScoreServiceServer['batchSubmitScores'];

  const submissions = (count: number) =>
    range(count).map((score) => ({ leaderboardId: 'b', playerId: `p${score}`, score }));

  it('sends 1,000 in a call and returns the items in order', async () => {
    const sizes: number[] = [];
    const batchSubmitScores: BatchSubmitScores = ({ request }, reply) => {
      sizes.push(request.submissions.length);
      const items = request.submissions.map((submission) =>
        submission.score % 500 === 3
          ? {
              item: {
                $case: 'error' as const,
                value: statusOf('OUT_OF_RANGE', 'TOTAL_OUT_OF_RANGE'),
              },
            }
          : { item: { $case: 'result' as const, value: resultOf(submission) } },
      );
      reply(null, { items });
    };
    await using server = await ScriptedServer.start({ scores: { batchSubmitScores } });
    await using client = connectTo(server);
    const items = await client.scores.batchSubmit(submissions(2_500));
    expect(sizes).toEqual([1_000, 1_000, 500]);
    expect(items).toHaveLength(2_500);
    for (const [index, item] of items.entries()) {
      if (item.ok) expect(item.result.standing.score).toBe(index);
      else expect(item.error.reason).toBe('TOTAL_OUT_OF_RANGE');
      expect(item.ok).toBe(index % 500 !== 3);
    }
    expect(await client.scores.batchSubmit([])).toEqual([]);
  });

  it('sends again, with their ids, only the items that may succeed then', async () => {
    const calls: ScoreSubmission[][] = [];
    const batchSubmitScores: BatchSubmitScores = ({ request }, reply) => {
      calls.push(request.submissions);
      const items = request.submissions.map((submission) => {
        const first = calls.length === 1;
        const value =
          submission.score === 0
            ? statusOf('INVALID_ARGUMENT', 'INVALID_FIELD')
            : statusOf('UNAVAILABLE', 'STORE_UNAVAILABLE');
        return (first && submission.score < 3) || submission.score === 0
          ? { item: { $case: 'error' as const, value } }
          : { item: { $case: 'result' as const, value: resultOf(submission) } };
      });
      reply(null, { items });
    };
    await using server = await ScriptedServer.start({ scores: { batchSubmitScores } });
    await using client = connectTo(server);
    const items = await client.scores.batchSubmit(submissions(5));
    expect(items.map(({ ok }) => ok)).toEqual([false, true, true, true, true]);
    expect(calls.map((call) => call.map(({ score }) => score))).toEqual([
      [0, 1, 2, 3, 4],
      [1, 2],
    ]);
    expect(calls[1]?.[0]?.submissionId).toBe(calls[0]?.[1]?.submissionId);
  });

  it('keeps the items it has when a later call fails as a whole', async () => {
    let calls = 0;
    const batchSubmitScores: BatchSubmitScores = ({ request }, reply) => {
      calls += 1;
      if (calls === 1) {
        const items = request.submissions.map((submission) => ({
          item: { $case: 'result' as const, value: resultOf(submission) },
        }));
        reply(null, { items });
      } else {
        reply(failureOf('PERMISSION_DENIED', 'ROLE_NOT_ALLOWED'));
      }
    };
    await using server = await ScriptedServer.start({ scores: { batchSubmitScores } });
    await using client = connectTo(server);
    const items = await client.scores.batchSubmit(submissions(2_001));
    expect(items.filter(({ ok }) => ok)).toHaveLength(1_000);
    expect(items[2_000]).toMatchObject({ ok: false, error: { reason: 'ROLE_NOT_ALLOWED' } });
    expect(calls).toBe(2);
    await expect(client.scores.batchSubmit(submissions(1))).rejects.toThrow('ROLE_NOT_ALLOWED');
  });
});
