import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { changes, entered, feedMessage, snapshot, standing } from '../../test/messages.js';
import { connectTo, failureOf, ScriptedServer } from '../../test/scripted-server.js';
import type { ErrorReason, StatusCode } from '../errors/rostrum-error.js';
import type { WatchServiceServer } from '../gen/rostrum/v1/watch.js';
import type { RostrumError } from '../index.js';
import { fromStandingMessage } from '../standings/standing-conversion.js';

type WatchStandings = WatchServiceServer['watchStandings'];
type WatchChanges = WatchServiceServer['watchChanges'];
type ChangesCall = Parameters<WatchChanges>[0];

const board = { leaderboardId: 'b' };
const revisionOf = (token: string) => Number(token.replace('token-', '') || 0);

/** A feed of revisions 1, 2, 3… that goes on after the token; `step` may break it. */
function feed(step: (revision: number, call: ChangesCall) => 'next' | 'stop') {
  const tokens: string[] = [];
  const watchChanges: WatchChanges = (call) => {
    const { resumeToken } = call.request;
    tokens.push(resumeToken);
    call.on('error', () => {});
    let revision = revisionOf(resumeToken) + 1;
    while (step(revision, call) === 'next') call.write(feedMessage(revision++));
  };
  return { tokens, watchChanges };
}

async function revisions(
  messages: AsyncIterable<{ revision: number }>,
  count: number,
): Promise<number[]> {
  const seen: number[] = [];
  for await (const { revision } of messages) {
    seen.push(revision);
    if (seen.length === count) break;
  }
  return seen;
}

describe('watch.changes', () => {
  it('resumes after the last message: none twice, none left out', async () => {
    let failures = 0;
    const script = feed((revision, call) => {
      // Every stream breaks after seven messages, by itself or with the whole connection.
      if (revision % 7 !== 0 || revisionOf(call.request.resumeToken) === revision - 1)
        return 'next';
      failures += 1;
      const reasons = ['SHUTTING_DOWN', 'STORE_UNAVAILABLE'] as const;
      if (failures % 3 === 0) setImmediate(() => void server.stop());
      else call.emit('error', failureOf('UNAVAILABLE', reasons[failures % 2]));
      if (failures % 3 === 0) setTimeout(() => void server.restart(), 30);
      return 'stop';
    });
    await using server = await ScriptedServer.start({ watch: script });
    await using client = connectTo(server);
    const interruptions: (string | undefined)[] = [];
    const onInterrupted = (error: RostrumError) => interruptions.push(error.reason);
    const messages = client.watch.changes(board, { onInterrupted });
    expect(await revisions(messages, 60)).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
    expect(script.tokens.length).toBeGreaterThan(6);
    expect(new Set(interruptions)).toEqual(
      new Set(['SHUTTING_DOWN', 'STORE_UNAVAILABLE', 'CONNECTION_FAILED']),
    );
  });

  it('tells of an interruption once however often it tries, and that it is live again', async () => {
    await using server = await ScriptedServer.start({
      watch: {
        watchChanges: (call) =>
          void call.write(feedMessage(revisionOf(call.request.resumeToken) + 1)),
      },
    });
    await using client = connectTo(server);
    const told: string[] = [];
    const waiting: (() => void)[] = [];
    const messages = client.watch.changes(board, {
      onInterrupted: (error, waitMs) => {
        told.push(`interrupted: ${error.reason}`);
        expect(waitMs).toBeGreaterThan(0);
        for (const resolve of waiting.splice(0)) resolve();
      },
      onLive: () => told.push('live'),
    });
    expect(await messages.next()).toMatchObject({ value: { revision: 1 } });
    for (const round of [1, 2]) {
      const interrupted = new Promise<void>((resolve) => waiting.push(resolve));
      const next = messages.next();
      server.stop();
      await interrupted;
      // Other calls show how time goes by: each waits for several tries to connect.
      for (let n = 0; n < 3; n++)
        await client.health.check({}, { deadlineMs: 100 }).catch(() => {});
      expect(told).toHaveLength(2 * round);
      await server.restart();
      expect(await next).toMatchObject({ value: { revision: round + 1 } });
    }
    const lost = 'interrupted: CONNECTION_FAILED';
    expect(told).toEqual(['live', lost, 'live', lost, 'live']);
    await messages.return();
  });

  it('tells of no interruption before it was live', async () => {
    let calls = 0;
    const told: string[] = [];
    const watchChanges: WatchChanges = (call) => {
      calls += 1;
      if (calls < 4) call.emit('error', failureOf('UNAVAILABLE', 'SHUTTING_DOWN'));
      else call.write(feedMessage(1));
    };
    await using server = await ScriptedServer.start({ watch: { watchChanges } });
    await using client = connectTo(server);
    const options = {
      onInterrupted: () => told.push('interrupted'),
      onLive: () => told.push('live'),
    };
    await client.watch.changes(board, options).next();
    expect(told).toEqual(['live']);
  });

  it('starts where the request says', async () => {
    const script = feed((revision) => (revision > 45 ? 'stop' : 'next'));
    await using server = await ScriptedServer.start({ watch: script });
    await using client = connectTo(server);
    const messages = client.watch.changes({ ...board, resumeToken: 'token-41' });
    expect(await revisions(messages, 3)).toEqual([42, 43, 44]);
    expect(script.tokens).toEqual(['token-41']);
  });

  it('throws when the changes after its token are gone, and does not skip them', async () => {
    let calls = 0;
    const watchChanges: WatchChanges = (call) => {
      calls += 1;
      if (calls === 1) {
        call.write(feedMessage(1));
        call.emit('error', failureOf('UNAVAILABLE', 'SHUTTING_DOWN'));
      } else {
        const metadata = { oldest_revision: '900' };
        call.emit('error', failureOf('OUT_OF_RANGE', 'RESUME_TOKEN_EXPIRED', { metadata }));
      }
    };
    await using server = await ScriptedServer.start({ watch: { watchChanges } });
    await using client = connectTo(server);
    await expect(revisions(client.watch.changes(board), 9)).rejects.toMatchObject({
      reason: 'RESUME_TOKEN_EXPIRED',
      metadata: { oldest_revision: '900' },
    });
    expect(calls).toBe(2);
  });

  it.each<[StatusCode, ErrorReason]>([
    ['NOT_FOUND', 'LEADERBOARD_NOT_FOUND'],
    ['INVALID_ARGUMENT', 'INVALID_FIELD'],
    ['RESOURCE_EXHAUSTED', 'TOO_MANY_WATCHES'],
  ])('throws %s %s at once', async (code, reason) => {
    let calls = 0;
    const watchChanges: WatchChanges = (call) => {
      calls += 1;
      call.emit('error', failureOf(code, reason));
    };
    await using server = await ScriptedServer.start({ watch: { watchChanges } });
    await using client = connectTo(server);
    await expect(revisions(client.watch.changes(board), 1)).rejects.toMatchObject({ code, reason });
    expect(calls).toBe(1);
  });

  it('resumes when the server ended it for being slow', async () => {
    let calls = 0;
    const watchChanges: WatchChanges = (call) => {
      calls += 1;
      call.write(feedMessage(revisionOf(call.request.resumeToken) + 1));
      if (calls === 1) call.emit('error', failureOf('ABORTED', 'WATCHER_TOO_SLOW'));
    };
    await using server = await ScriptedServer.start({ watch: { watchChanges } });
    await using client = connectTo(server);
    expect(await revisions(client.watch.changes(board), 2)).toEqual([1, 2]);
  });

  it('reads no faster than its loop, so that the server notices a slow reader', async () => {
    const text = 'x'.repeat(10_000);
    let written = 0;
    let resumed: ChangesCall | undefined;
    const watchChanges: WatchChanges = (call) => {
      resumed = call;
      const write = () => {
        for (;;) {
          written += 1;
          const message = { ...feedMessage(written), resumeToken: `token-${written}${text}` };
          if (!call.write(message)) break;
        }
      };
      call.on('drain', write);
      write();
    };
    await using server = await ScriptedServer.start({ watch: { watchChanges } });
    await using client = connectTo(server);
    const messages = client.watch.changes(board);
    await messages.next();
    const first = resumed as ChangesCall;
    // The stream is stuck when the server's buffer is full and stays so while others go on.
    const stuckAt = await settled(() => written);
    expect(stuckAt).toBeLessThan(2_000);
    expect(first.writableNeedDrain).toBe(true);
    for (let revision = 2; revision <= stuckAt; revision++) {
      expect((await messages.next()).value?.revision).toBe(revision);
    }
    await expect.poll(() => written).toBeGreaterThan(stuckAt);
    await messages.return();
  });

  it('cancels the call when the loop is left', async () => {
    const opened = Promise.withResolvers<ChangesCall>();
    const watchChanges: WatchChanges = (call) => {
      opened.resolve(call);
      call.write(feedMessage(1));
    };
    await using server = await ScriptedServer.start({ watch: { watchChanges } });
    await using client = connectTo(server);
    await revisions(client.watch.changes(board), 1);
    const call = await opened.promise;
    if (!call.cancelled) await once(call, 'cancelled');
  });

  it('throws the reason of its signal and cancels the call', async () => {
    const opened = Promise.withResolvers<ChangesCall>();
    const watchChanges: WatchChanges = (call) => opened.resolve(call);
    await using server = await ScriptedServer.start({ watch: { watchChanges } });
    await using client = connectTo(server);
    const controller = new AbortController();
    const { signal } = controller;
    const next = client.watch.changes(board, { signal }).next();
    const cancelled = once(await opened.promise, 'cancelled');
    controller.abort();
    await expect(next).rejects.toMatchObject({ name: 'AbortError' });
    await cancelled;
    await expect(client.watch.changes(board, { signal }).next()).rejects.toMatchObject({
      name: 'AbortError',
    });
  });

  it('throws CLIENT_CLOSED when the client is closed, also while it waits to resume', async () => {
    await using server = await ScriptedServer.start({
      watch: { watchChanges: (call) => void call.write(feedMessage(1)) },
    });
    const client = connectTo(server);
    const interrupted = Promise.withResolvers<void>();
    const messages = client.watch.changes(board, { onInterrupted: () => interrupted.resolve() });
    await messages.next();
    const next = messages.next();
    const rejected = expect(next).rejects.toMatchObject({ reason: 'CLIENT_CLOSED' });
    server.stop();
    await interrupted.promise;
    await client.close();
    await rejected;
  });

  it('says why it cannot connect when the first connection takes too long', async () => {
    await using server = await ScriptedServer.start({});
    server.stop();
    await using client = connectTo(server, { defaultDeadlineMs: 300 });
    await expect(client.watch.changes(board).next()).rejects.toMatchObject({
      reason: 'CONNECTION_FAILED',
      message: expect.stringContaining('nothing listens there'),
    });
  });
});

describe('watch.standings', () => {
  const view = [standing('a', 1), standing('b', 2)];

  it('gives snapshots, changes and checkpoints in plain shapes', async () => {
    const requests: unknown[] = [];
    const watchStandings: WatchStandings = (call) => {
      requests.push(call.request);
      call.write(snapshot(1, view));
      call.write(changes(2, [entered(standing('c', 3))], 3));
      call.write({
        event: { $case: 'checkpoint', value: {} },
        revision: 5,
        resumeToken: 'token-5',
      });
    };
    await using server = await ScriptedServer.start({ watch: { watchStandings } });
    await using client = connectTo(server);
    const events = client.watch.standings({ ...board, view: { top: 3 }, minIntervalMs: 1_250 });
    expect((await events.next()).value).toEqual({
      type: 'snapshot',
      standings: view.map(fromStandingMessage),
      totalPlayers: 2,
      reset: false,
      revision: 1,
      resumeToken: 'token-1',
    });
    expect((await events.next()).value).toMatchObject({
      type: 'changes',
      changes: [{ kind: 'ENTERED', playerId: 'c', standing: { rank: 3 } }],
      totalPlayers: 3,
    });
    expect((await events.next()).value).toEqual({
      type: 'checkpoint',
      revision: 5,
      resumeToken: 'token-5',
    });
    await events.return();
    expect(requests).toMatchObject([
      {
        view: { $case: 'top', value: { count: 3 } },
        minInterval: { seconds: 1, nanos: 250_000_000 },
      },
    ]);
    for (const [asked, sent] of [
      [
        { around: 'p', count: 5 },
        { $case: 'around', value: { playerId: 'p', count: 5 } },
      ],
      [{ players: ['x', 'y'] }, { $case: 'players', value: { playerIds: ['x', 'y'] } }],
    ] as const) {
      await client.watch.standings({ ...board, view: asked }).next();
      expect(requests.at(-1)).toMatchObject({ view: sent });
    }
  });

  it('starts anew with a reset snapshot when the server no longer takes its token', async () => {
    const tokens: string[] = [];
    const watchStandings: WatchStandings = (call) => {
      const { resumeToken } = call.request;
      tokens.push(resumeToken);
      if (resumeToken) {
        call.emit('error', failureOf('INVALID_ARGUMENT', 'INVALID_RESUME_TOKEN'));
      } else {
        call.write(snapshot(tokens.length, view));
        if (tokens.length === 1) call.emit('error', failureOf('UNAVAILABLE', 'SHUTTING_DOWN'));
      }
    };
    await using server = await ScriptedServer.start({ watch: { watchStandings } });
    await using client = connectTo(server);
    const events = client.watch.standings(board);
    expect((await events.next()).value).toMatchObject({ reset: false, revision: 1 });
    expect((await events.next()).value).toMatchObject({ reset: true, revision: 3 });
    expect(tokens).toEqual(['', 'token-1', '']);
    // A token that the caller brought is the caller's to judge.
    const brought = client.watch.standings({ ...board, resumeToken: 'forged' });
    await expect(brought.next()).rejects.toMatchObject({ reason: 'INVALID_RESUME_TOKEN' });
    await events.return();
  });
});

/** The value once it stays the same through several turns of the event loop and of the network. */
async function settled(read: () => number): Promise<number> {
  let value = read();
  let same = 0;
  while (same < 20) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    same = read() === value ? same + 1 : 0;
    value = read();
  }
  return value;
}
