import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { collect } from '../../test/collect.js';
import { resultOf, streamed } from '../../test/messages.js';
import { connectTo, failureOf, ScriptedServer, statusOf } from '../../test/scripted-server.js';
import { answering, refused } from '../../test/scripted-stream.js';
import type { ScoreItem, ScoreServiceServer } from '../gen/rostrum/v1/score.js';
import type { RostrumError } from '../index.js';

type SubmitScore = ScoreServiceServer['submitScore'];
type BatchSubmitScores = ScoreServiceServer['batchSubmitScores'];

const MAY_BE_RECORDED =
  'what was submitted may have been recorded; sent again with the same submissionId it counts once';
const BROKE = `the connection to the server broke before the answer came; ${MAY_BE_RECORDED}`;
const submission = { leaderboardId: 'b', playerId: 'p', score: 10 };
const submissions = (count: number) =>
  Array.from({ length: count }, (_, score) => ({ ...submission, playerId: `p${score}`, score }));

/** A way to a server that can be cut for good: what the server answers after that is lost. */
class Relay implements AsyncDisposable {
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;

  private constructor(port: () => number) {
    this.#server = createServer((near) => {
      const far = connect(port(), 'localhost');
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(one);
        one.on('error', () => {}).on('close', () => other.destroy());
        one.pipe(other);
      }
    });
  }

  static async start(port: () => number): Promise<Relay> {
    const relay = new Relay(port);
    relay.#server.listen(0, 'localhost');
    await once(relay.#server, 'listening');
    return relay;
  }

  get address(): string {
    return `localhost:${(this.#server.address() as AddressInfo).port}`;
  }

  readonly cut = (): void => {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  };

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
  }
}

/** Starts a server, and a relay that is cut as soon as something is submitted. */
async function behindRelay() {
  const recorded: string[] = [];
  const ports: number[] = [];
  const relay = await Relay.start(() => ports[0] as number);
  const record = (id: string | undefined) => {
    recorded.push(id ?? 'none');
    relay.cut();
  };
  const batchSubmitScores: BatchSubmitScores = ({ request }, reply) => {
    for (const { submissionId } of request.submissions) record(submissionId);
    reply(null, { items: request.submissions.map(applied) });
  };
  const submitScore: SubmitScore = ({ request }, reply) => {
    record(request.submission?.submissionId);
    reply(null, { result: resultOf(request.submission) });
  };
  const script = answering(({ submissionId }) => {
    record(submissionId);
    return undefined;
  });
  const server = await ScriptedServer.start({
    scores: { submitScore, batchSubmitScores, streamScores: script.streamScores },
  });
  ports.push(server.port);
  return { server, relay, recorded };
}

const applied = (received: Parameters<typeof resultOf>[0]): ScoreItem => ({
  item: { $case: 'result', value: resultOf(received) },
});

const failureOfSubmit = (result: Promise<unknown>) =>
  result.then(
    () => expect.unreachable('it must fail'),
    (error: unknown) => error as RostrumError,
  );

describe('a submission that may have been recorded', () => {
  it('says so when its connection broke, with its id, and not that it could not be sent', async () => {
    const { server, relay, recorded } = await behindRelay();
    await using _ = server;
    await using __ = relay;
    await using client = connectTo(relay);
    const error = await failureOfSubmit(client.scores.submit(submission, { deadlineMs: 500 }));
    expect(error).toMatchObject({
      code: 'UNAVAILABLE',
      reason: 'CONNECTION_FAILED',
      message: BROKE,
      metadata: { submission_id: recorded[0] },
      cause: { message: expect.stringContaining('nothing listens there') },
    });
    expect(recorded).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/)]);
  });

  it('says so when the store of record is away, and when a later attempt is not admitted', async () => {
    const answers = [failureOf('UNAVAILABLE', 'STORE_UNAVAILABLE')];
    const submitScore: SubmitScore = (_, reply) =>
      reply(answers.shift() ?? failureOf('RESOURCE_EXHAUSTED', 'OVERLOADED'));
    await using server = await ScriptedServer.start({ scores: { submitScore } });
    await using once = connectTo(server, { retry: false });
    const mine = { ...submission, submissionId: 'mine' };
    await expect(once.scores.submit(mine)).rejects.toMatchObject({
      reason: 'STORE_UNAVAILABLE',
      message: `scripted STORE_UNAVAILABLE; ${MAY_BE_RECORDED}`,
      metadata: { submission_id: 'mine' },
    });
    answers.push(failureOf('UNAVAILABLE', 'STORE_UNAVAILABLE'));
    await using twice = connectTo(server, { retry: { maxAttempts: 2 } });
    await expect(twice.scores.submit(mine)).rejects.toMatchObject({
      reason: 'OVERLOADED',
      message: `scripted OVERLOADED; ${MAY_BE_RECORDED}`,
      metadata: { submission_id: 'mine' },
    });
  });

  it('says so when the client is closed before the answer', async () => {
    const arrived = Promise.withResolvers<void>();
    await using server = await ScriptedServer.start({
      scores: { submitScore: () => arrived.resolve() },
    });
    const client = connectTo(server);
    const failed = failureOfSubmit(client.scores.submit({ ...submission, submissionId: 'mine' }));
    await arrived.promise;
    await client.close();
    expect(await failed).toMatchObject({
      reason: 'CLIENT_CLOSED',
      message: `the client is closed; ${MAY_BE_RECORDED}`,
      metadata: { submission_id: 'mine' },
    });
  });
});

describe('a submission that is certainly not recorded', () => {
  it('says nothing of it when it never had a connection', async () => {
    await using server = await ScriptedServer.start({});
    server.stop();
    await using client = connectTo(server);
    const error = await failureOfSubmit(client.scores.submit(submission, { deadlineMs: 300 }));
    expect(error.message).toContain('nothing listens there');
    expect(error.message).not.toContain('recorded');
    expect(error.metadata).toEqual({});
    const [item] = await collect(client.scores.submitAll([submission], { giveUpAfterMs: 1 })).catch(
      () => [],
    );
    expect(item?.error?.metadata ?? {}).toEqual({});
    const closed = client.close();
    const late = await failureOfSubmit(client.scores.submit(submission));
    expect(late).toMatchObject({ message: 'the client is closed', metadata: {} });
    await closed;
  });

  it('says nothing of it when the service refuses it or does not admit it', async () => {
    const answers = [
      failureOf('RESOURCE_EXHAUSTED', 'OVERLOADED'),
      failureOf('PERMISSION_DENIED', 'ROLE_NOT_ALLOWED'),
      // What is wrong with it now was wrong with it then.
      failureOf('UNAVAILABLE', 'STORE_UNAVAILABLE'),
      failureOf('INVALID_ARGUMENT', 'CLIENT_TIME_IN_FUTURE'),
    ];
    const submitScore: SubmitScore = (_, reply) => reply(answers.shift() ?? null);
    await using server = await ScriptedServer.start({ scores: { submitScore } });
    await using once = connectTo(server, { retry: false });
    await using twice = connectTo(server);
    for (const [client, reason] of [
      [once, 'OVERLOADED'],
      [once, 'ROLE_NOT_ALLOWED'],
      [twice, 'CLIENT_TIME_IN_FUTURE'],
    ] as const) {
      const error = await failureOfSubmit(client.scores.submit(submission));
      expect(error).toMatchObject({ reason, message: `scripted ${reason}`, metadata: {} });
    }
  });
});

describe('a batch that may have been recorded', () => {
  it('has the ids in order, empty for what was not sent', async () => {
    const { server, relay, recorded } = await behindRelay();
    await using _ = server;
    await using __ = relay;
    await using client = connectTo(relay);
    const batch = [submission, { ...submission, score: '1' as never }, submission];
    const error = await failureOfSubmit(client.scores.batchSubmit(batch, { deadlineMs: 500 }));
    const [first, third] = recorded;
    expect(error).toMatchObject({
      reason: 'CONNECTION_FAILED',
      message: BROKE,
      metadata: { submission_ids: `${first},,${third}` },
    });
    expect(recorded).toHaveLength(2);
  });

  it('has the id of each in its item where a later call failed, but not for those after it', async () => {
    let calls = 0;
    const received: string[] = [];
    const batchSubmitScores: BatchSubmitScores = ({ request }, reply) => {
      calls += 1;
      received.push(...request.submissions.map(({ submissionId }) => submissionId));
      if (calls === 1) reply(null, { items: request.submissions.map(applied) });
      else reply(failureOf('UNAVAILABLE', 'STORE_UNAVAILABLE'));
    };
    await using server = await ScriptedServer.start({ scores: { batchSubmitScores } });
    await using client = connectTo(server, { retry: false });
    const items = await client.scores.batchSubmit(submissions(2_001));
    expect(items.slice(0, 1_000).every(({ ok }) => ok)).toBe(true);
    const told = items.slice(1_000).map(({ error }) => error?.metadata.submission_id);
    expect(told).toEqual([...received.slice(1_000), undefined]);
    expect(items[2_000]?.error?.message).toBe('scripted STORE_UNAVAILABLE');
  });

  it('has the ids in items that a retry was lost of, or that the store gave no word of', async () => {
    let calls = 0;
    const error = (...parts: Parameters<typeof statusOf>): ScoreItem => ({
      item: { $case: 'error', value: statusOf(...parts) },
    });
    const batchSubmitScores: BatchSubmitScores = ({ request }, reply) => {
      calls += 1;
      const [one, two, three] = request.submissions;
      if (calls > 1) reply(failureOf('INTERNAL', 'INTERNAL'));
      else if (one && two && three) {
        const busy = error('RESOURCE_EXHAUSTED', 'OVERLOADED', { retryAfterMs: 1 });
        reply(null, { items: [applied(one), busy, error('INVALID_ARGUMENT', 'INVALID_FIELD')] });
      } else reply(null, { items: [error('INTERNAL', 'INTERNAL')] });
    };
    await using server = await ScriptedServer.start({ scores: { batchSubmitScores } });
    await using client = connectTo(server);
    const batch = submissions(3).map((score, n) => ({ ...score, submissionId: `s${n}` }));
    const items = await client.scores.batchSubmit(batch);
    expect(items.map(({ error: failure }) => failure?.metadata)).toEqual([
      undefined,
      { submission_id: 's1' },
      {},
    ]);
    expect(items[1]?.error?.message).toBe(`scripted OVERLOADED; ${MAY_BE_RECORDED}`);
    calls = 0;
    const [item] = await client.scores.batchSubmit(batch.slice(0, 1));
    expect(item?.error?.metadata).toEqual({ submission_id: 's0' });
  });
});

describe('submissions of a stream that may have been recorded', () => {
  it('say so, and those that were not sent do not', async () => {
    const { server, relay, recorded } = await behindRelay();
    await using _ = server;
    await using __ = relay;
    await using client = connectTo(relay);
    const stream = client.scores.stream({ maxInFlight: 1, giveUpAfterMs: 100 });
    const [sent, unsent] = submissions(2).map((score) => failureOfSubmit(stream.submit(score)));
    expect(await sent).toMatchObject({
      reason: 'CONNECTION_FAILED',
      message: BROKE,
      metadata: { submission_id: recorded[0] },
    });
    const other = (await unsent) as RostrumError;
    expect(other.message).not.toContain('recorded');
    expect(other.metadata).toEqual({});
    await expect(stream.end()).rejects.toMatchObject({ message: BROKE, metadata: {} });
    const late = await failureOfSubmit(stream.submit(submission));
    expect(late.message).not.toContain('recorded');
  });

  it('say so in the items of submitAll', async () => {
    const { server, relay, recorded } = await behindRelay();
    await using _ = server;
    await using __ = relay;
    await using client = connectTo(relay);
    const items = client.scores.submitAll([submission], { giveUpAfterMs: 100 });
    const { value } = await items.next();
    expect(value).toMatchObject({
      error: { message: BROKE, metadata: { submission_id: recorded[0] } },
      submission: { submissionId: recorded[0] },
    });
    await expect(items.next()).rejects.toMatchObject({ message: BROKE });
  });

  it('say so when the store of record is away until they are given up, and not when refused', async () => {
    const away = refused('UNAVAILABLE', 'STORE_UNAVAILABLE');
    const script = answering((received, count) => {
      if (received.score === 0) return away;
      if (received.score === 1)
        return count < 3 ? away : refused('INVALID_ARGUMENT', 'INVALID_FIELD');
      return streamed(received);
    });
    await using server = await ScriptedServer.start({ scores: script });
    await using client = connectTo(server);
    const stream = client.scores.stream({ giveUpAfterMs: 100 });
    const results = submissions(3).map((score, n) =>
      stream.submit({ ...score, submissionId: `s${n}` }),
    );
    const [first, second, third] = await Promise.allSettled(results);
    expect(first).toMatchObject({
      reason: { reason: 'STORE_UNAVAILABLE', metadata: { submission_id: 's0' } },
    });
    expect(second).toMatchObject({ reason: { reason: 'INVALID_FIELD', metadata: {} } });
    expect(third).toMatchObject({ status: 'fulfilled' });
    await stream.end();
  });
});
