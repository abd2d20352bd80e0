import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { collect } from '../../test/collect.js';
import { streamed } from '../../test/messages.js';
import { connectTo, failureOf, ScriptedServer } from '../../test/scripted-server.js';
import { answering, refused } from '../../test/scripted-stream.js';
import type { ScoreSubmission, SubmittedScore } from '../index.js';

const range = (count: number) => Array.from({ length: count }, (_, index) => index);
const submission = (score: number): ScoreSubmission => ({
  leaderboardId: 'b',
  playerId: `p${score}`,
  score,
});

/** An iterable that notes how many were taken from it, and whether it was closed. */
function watched(count: number) {
  const seen = { taken: 0, closed: false };
  function* submissions(): Generator<ScoreSubmission> {
    try {
      for (let n = 0; n < count; n++) {
        seen.taken += 1;
        yield submission(n);
      }
    } finally {
      seen.closed = true;
    }
  }
  return { seen, submissions: submissions() };
}

describe('submitAll', () => {
  it('gives an item for each submission, in order, and takes no more than fit', async () => {
    const script = answering(streamed);
    await using server = await ScriptedServer.start({ scores: script });
    await using client = connectTo(server);
    const { seen, submissions } = watched(5_000);
    const scores: (number | undefined)[] = [];
    let ahead = 0;
    for await (const item of client.scores.submitAll(submissions, { maxInFlight: 64 })) {
      expectTypeOf(item).toEqualTypeOf<SubmittedScore>();
      expect(item.submission.score).toBe(scores.length);
      scores.push(item.result?.standing.score);
      ahead = Math.max(ahead, seen.taken - scores.length);
    }
    expect(scores).toEqual(range(5_000));
    expect(ahead).toBeLessThanOrEqual(64);
    expect(seen.closed).toBe(true);
    expect(script.calls()).toBe(1);
    // What is told is what was sent.
    expect(new Set(script.received.map(({ submissionId }) => submissionId)).size).toBe(5_000);
  });

  it('gives an item while an asynchronous iterable has no further one yet', async () => {
    await using server = await ScriptedServer.start({ scores: answering(streamed) });
    await using client = connectTo(server);
    const more = Promise.withResolvers<void>();
    async function* submissions() {
      yield submission(0);
      yield submission(1);
      await more.promise;
      yield submission(2);
    }
    const items = client.scores.submitAll(submissions());
    expect((await items.next()).value).toMatchObject({ ok: true, submission: { score: 0 } });
    expect((await items.next()).value).toMatchObject({ ok: true, submission: { score: 1 } });
    more.resolve();
    expect((await items.next()).value).toMatchObject({ ok: true, submission: { score: 2 } });
    expect(await items.next()).toEqual({ done: true, value: undefined });
  });

  it('has the error of a refused submission in its item, and goes on', async () => {
    const script = answering((received) =>
      received.score === 1 ? refused('INVALID_ARGUMENT', 'INVALID_FIELD') : streamed(received),
    );
    await using server = await ScriptedServer.start({ scores: script });
    await using client = connectTo(server);
    const untyped = { ...submission(2), score: '2' as unknown as number };
    const submissions = [submission(0), submission(1), untyped, null as never, submission(4)];
    const items = await collect(client.scores.submitAll(submissions));
    expect(items).toMatchObject([
      { ok: true },
      { ok: false, error: { reason: 'INVALID_FIELD' } },
      { ok: false, error: { fieldViolations: [{ field: 'score' }] }, submission: { score: '2' } },
      { ok: false, error: { message: 'the request must be an object, not null' } },
      { ok: true },
    ]);
  });

  it('sends again what was not answered, with the ids that its items tell', async () => {
    const script = answering((received, count) => {
      if (count === 50) server.stop();
      return count > 30 && count <= 50 ? undefined : streamed(received);
    });
    await using server = await ScriptedServer.start({ scores: script });
    await using client = connectTo(server);
    const own = { ...submission(100), submissionId: 'mine' };
    const items = collect(client.scores.submitAll([...range(100).map(submission), own]));
    await expect.poll(() => script.received.length).toBeGreaterThanOrEqual(50);
    await server.restart();
    const told = (await items).map((item) => item.submission.submissionId);
    expect(script.received.length).toBeGreaterThan(101);
    expect(new Set(told)).toEqual(new Set(script.received.map(({ submissionId }) => submissionId)));
    expect(told).toHaveLength(101);
    expect(told.at(-1)).toBe('mine');
  });

  it('ends when the loop is left: nothing more is taken or sent, and the iterable is closed', async () => {
    const ended = Promise.withResolvers<void>();
    const script = answering((received, _count, call) => {
      call.on('cancelled', () => ended.resolve());
      return received.score < 3 ? streamed(received) : undefined;
    });
    await using server = await ScriptedServer.start({ scores: script });
    await using client = connectTo(server);
    const { seen, submissions } = watched(1_000_000);
    for await (const item of client.scores.submitAll(submissions, { maxInFlight: 10 })) {
      if (item.submission.score === 2) break;
    }
    expect(seen).toEqual({ taken: 12, closed: true });
    await ended.promise;
    expect(script.received.length).toBeLessThanOrEqual(12);
  });

  it('ends when the loop is left while the iterable has nothing to give', async () => {
    await using server = await ScriptedServer.start({ scores: answering(streamed) });
    await using client = connectTo(server);
    async function* submissions() {
      yield submission(0);
      await new Promise(() => {});
    }
    const first = [];
    for await (const item of client.scores.submitAll(submissions())) {
      first.push(item);
      break;
    }
    expect(first).toMatchObject([{ ok: true }]);
  });

  it('throws what the iterable throws, after the items of those before', async () => {
    await using server = await ScriptedServer.start({ scores: answering(streamed) });
    await using client = connectTo(server);
    const broken = new Error('the file has a hole');
    function* submissions() {
      yield* range(3).map(submission);
      throw broken;
    }
    async function* later() {
      yield* submissions();
    }
    for (const source of [submissions(), later()]) {
      const items: SubmittedScore[] = [];
      const reading = (async () => {
        for await (const item of client.scores.submitAll(source)) items.push(item);
      })();
      await expect(reading).rejects.toBe(broken);
      expect(items.map(({ ok }) => ok)).toEqual([true, true, true]);
    }
  });

  it.each<[string, object]>([
    ['an id of its own', { submissionId: 'mine' }],
    ['none', {}],
  ])(
    'throws what a getter throws, and sends all that was taken beside (with %s)',
    async (_, id) => {
      const script = answering(streamed);
      await using server = await ScriptedServer.start({ scores: script });
      await using client = connectTo(server);
      const broken = new Error('the row is gone');
      const row = {
        ...submission(3),
        ...id,
        get score(): number {
          throw broken;
        },
      };
      async function* later() {
        yield* [...range(3).map(submission), row];
        // Nothing more comes, and nobody waits for it.
        await new Promise(() => {});
      }
      for (const source of [[...range(3).map(submission), row, submission(4)], later()]) {
        script.received.length = 0;
        const items: SubmittedScore[] = [];
        const reading = (async () => {
          for await (const item of client.scores.submitAll(source)) items.push(item);
        })();
        await expect(reading).rejects.toBe(broken);
        // Each that was sent has its item, and those before the getter were sent.
        expect(items.map((item) => item.submission.score)).toEqual(script.scores());
        expect(script.scores().slice(0, 3)).toEqual(range(3));
        expect(items.every(({ ok }) => ok)).toBe(true);
      }
    },
  );

  it('throws what an answer of the iterable throws when it is looked at', async () => {
    const script = answering(streamed);
    await using server = await ScriptedServer.start({ scores: script });
    await using client = connectTo(server);
    const broken = new Error('no value');
    const answers = () => {
      let asked = 0;
      const result = {
        done: false,
        get value(): ScoreSubmission {
          if (asked++ > 0) throw broken;
          return submission(0);
        },
      };
      return result;
    };
    const [first, second] = [answers(), answers()];
    const sources = [
      { [Symbol.iterator]: () => ({ next: () => first }) },
      { [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve(second) }) },
    ];
    for (const source of sources) {
      const items: SubmittedScore[] = [];
      const reading = (async () => {
        for await (const item of client.scores.submitAll(source as Iterable<ScoreSubmission>)) {
          items.push(item);
        }
      })();
      await expect(reading).rejects.toBe(broken);
      expect(items).toMatchObject([{ ok: true }]);
    }
  });

  it('throws what makes the stream fail, after the items of what was taken', async () => {
    const failure = failureOf('PERMISSION_DENIED', 'ROLE_NOT_ALLOWED');
    const streamScores: ReturnType<typeof answering>['streamScores'] = (call) => {
      call.once('data', () => call.emit('error', failure));
    };
    await using server = await ScriptedServer.start({ scores: { streamScores } });
    await using client = connectTo(server);
    const { seen, submissions } = watched(1_000_000);
    const items: SubmittedScore[] = [];
    const reading = (async () => {
      const all = client.scores.submitAll(submissions, { maxInFlight: 5 });
      for await (const item of all) items.push(item);
    })();
    await expect(reading).rejects.toMatchObject({ reason: 'ROLE_NOT_ALLOWED' });
    expect(items).toHaveLength(seen.taken);
    expect(seen.taken).toBeLessThan(12);
    expect(items).toMatchObject(
      items.map(() => ({ ok: false, error: { reason: 'ROLE_NOT_ALLOWED' } })),
    );
    expect(seen.closed).toBe(true);
  });

  it.each(['signal', 'client'])('ends when the %s says so while it waits', async (by) => {
    await using server = await ScriptedServer.start({ scores: answering(() => undefined) });
    await using client = connectTo(server);
    const aborting = new AbortController();
    const reason = new Error('enough');
    async function* submissions() {
      if (by === 'client') yield submission(0);
      await new Promise(() => {});
    }
    const next = client.scores.submitAll(submissions(), { signal: aborting.signal }).next();
    await delay(20);
    if (by === 'signal') {
      aborting.abort(reason);
      await expect(next).rejects.toBe(reason);
    } else {
      await client.close();
      expect((await next).value).toMatchObject({ ok: false, error: { reason: 'CLIENT_CLOSED' } });
    }
  });

  it('takes iterables, and options that mean something', async () => {
    await using client = connectTo({ address: 'localhost:1' });
    const all = (submissions: unknown, options = {}) =>
      client.scores.submitAll(submissions as ScoreSubmission[], options).next();
    await expect(all(5)).rejects.toMatchObject({
      message: 'submissions: must be an iterable, not a number',
    });
    await expect(all([], { maxInFlight: 0 })).rejects.toMatchObject({ reason: 'INVALID_OPTIONS' });
    await expect(all([], { onError: () => {} })).rejects.toMatchObject({
      reason: 'INVALID_OPTIONS',
    });
    expect(await all([])).toEqual({ done: true, value: undefined });
  });
});
