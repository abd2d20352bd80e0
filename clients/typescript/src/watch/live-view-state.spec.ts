import { describe, expect, it } from 'vitest';
import { snapshot, standing } from '../../test/messages.js';
import { connectTo, failureOf, ScriptedServer } from '../../test/scripted-server.js';
import type { WatchServiceServer } from '../gen/rostrum/v1/watch.js';
import type { LiveView, LiveViewState, WatchStandingsRequest } from '../index.js';

type WatchStandings = WatchServiceServer['watchStandings'];
type Call = Parameters<WatchStandings>[0];

const board = { leaderboardId: 'b' };

/** A server that shows one player, and hands out its open watches to be broken. */
async function showing() {
  const calls: Call[] = [];
  const watchStandings: WatchStandings = (call) => {
    calls.push(call);
    call.on('error', () => {});
    call.write(snapshot(calls.length, [standing('a', 1)]));
  };
  const server = await ScriptedServer.start({ watch: { watchStandings } });
  const client = connectTo(server);
  return {
    server,
    client,
    breakWith: (...error: Parameters<typeof failureOf>) =>
      calls.at(-1)?.emit('error', failureOf(...error)),
    async [Symbol.asyncDispose]() {
      await client.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** Resolves with the next state of that status. */
function state(view: LiveView, status: LiveViewState['status']): Promise<LiveViewState> {
  return new Promise((resolve) => {
    const stop = view.onState((next) => {
      if (next.status !== status) return;
      stop();
      resolve(next);
    });
  });
}

describe('the state of a live view', () => {
  it('is closed once the client is', async () => {
    await using scene = await showing();
    const views = [
      scene.client.watch.liveView(board),
      scene.client.leaderboard('b').watch(),
      scene.client.watch.liveView(board),
    ];
    await Promise.all(views.slice(0, 2).map((view) => view.ready()));
    scene.server.stop();
    await scene.client.close();
    for (const view of views) {
      expect(view.state).toMatchObject({ status: 'closed', error: { reason: 'CLIENT_CLOSED' } });
    }
  });

  it.each(['liveView', 'standings'] as const)(
    'does not keep the client open that is closed within the loop of %s',
    async (kind) => {
      await using scene = await showing();
      const loop = async () => {
        for await (const _ of scene.client.watch[kind](board)) await scene.client.close();
      };
      await expect(loop()).rejects.toMatchObject({ reason: 'CLIENT_CLOSED' });
    },
  );

  it('is connecting, live, interrupted once, and live again', async () => {
    await using scene = await showing();
    const view = scene.client.watch.liveView(board);
    expect(view.state).toEqual({ status: 'connecting' });
    const told: LiveViewState[] = [];
    view.onState((next) => told.push(next));
    await view.ready();
    expect(view.state).toEqual({ status: 'live' });

    const interrupted = state(view, 'interrupted');
    scene.server.stop();
    const { error } = await interrupted;
    expect(error).toMatchObject({ reason: 'CONNECTION_FAILED' });
    expect(view.state).toMatchObject({ status: 'interrupted', since: expect.any(Date) });
    // What it showed is still there, and known to be old.
    expect(view.standings).toHaveLength(1);
    await scene.client.health.check({}, { deadlineMs: 300 }).catch(() => {});

    const live = state(view, 'live');
    await scene.server.restart();
    await live;
    expect(view.revision).toBe(2);
    expect(told.map(({ status }) => status)).toEqual(['live', 'interrupted', 'live']);
  });

  it('is closed with the error that ended it, which the loop throws', async () => {
    await using scene = await showing();
    const view = scene.client.watch.liveView(board);
    const updates = view[Symbol.asyncIterator]();
    await updates.next();
    const next = expect(updates.next()).rejects.toMatchObject({ reason: 'LEADERBOARD_NOT_FOUND' });
    const closed = state(view, 'closed');
    scene.breakWith('NOT_FOUND', 'LEADERBOARD_NOT_FOUND');
    expect(await closed).toMatchObject({ error: { reason: 'LEADERBOARD_NOT_FOUND' } });
    expect(view.state).toBe(await closed);
    await next;
    // A loop that is begun later does not get the old standings as if they were current.
    await expect(view[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      reason: 'LEADERBOARD_NOT_FOUND',
    });
    await view.ready();
  });

  it('is closed without an error by `close`, which ends the loop', async () => {
    await using scene = await showing();
    const view = scene.client.watch.liveView(board);
    await view.ready();
    const closed = state(view, 'closed');
    await view.close();
    expect(await closed).toEqual({ status: 'closed', error: undefined });
    for await (const _ of view) expect.unreachable('a closed view has no states');
  });

  it('is closed when the client is', async () => {
    await using scene = await showing();
    const view = scene.client.watch.liveView(board);
    await view.ready();
    const closed = state(view, 'closed');
    await scene.client.close();
    expect(await closed).toMatchObject({ error: { reason: 'CLIENT_CLOSED' } });
    const late = scene.client.watch.liveView(board);
    await expect(late.ready()).rejects.toMatchObject({ reason: 'CLIENT_CLOSED' });
    expect(late.state).toMatchObject({ status: 'closed', error: { reason: 'CLIENT_CLOSED' } });
  });

  it('is closed with what a listener throws', async () => {
    await using scene = await showing();
    for (const listen of ['onUpdate', 'onState'] as const) {
      const view = scene.client.watch.liveView(board);
      view[listen](() => {
        if (view.state.status === 'live') throw new Error('the mistake of a listener');
      });
      expect(await state(view, 'closed')).toMatchObject({
        error: expect.objectContaining({ message: 'the mistake of a listener' }),
      });
    }
  });
});

describe('ready()', () => {
  it('rejects with what closed the view before it was live', async () => {
    const watchStandings: WatchStandings = (call) =>
      call.emit('error', failureOf('NOT_FOUND', 'LEADERBOARD_NOT_FOUND'));
    await using server = await ScriptedServer.start({ watch: { watchStandings } });
    await using client = connectTo(server);
    const view = client.watch.liveView(board);
    await expect(view.ready()).rejects.toMatchObject({ reason: 'LEADERBOARD_NOT_FOUND' });
  });

  it('waits for a leaderboard that does not exist yet, where that is asked for', async () => {
    let calls = 0;
    const watchStandings: WatchStandings = (call) => {
      calls += 1;
      if (calls < 3) call.emit('error', failureOf('NOT_FOUND', 'LEADERBOARD_NOT_FOUND'));
      else call.write(snapshot(1, [standing('a', 1)]));
    };
    await using server = await ScriptedServer.start({ watch: { watchStandings } });
    await using client = connectTo(server);
    const view = client.leaderboard('b').watch({}, { awaitLeaderboard: true });
    expect(view.state.status).toBe('connecting');
    await view.ready();
    expect(view.standings).toMatchObject([{ playerId: 'a' }]);
    expect(calls).toBe(3);
  });

  it('does not wait for one that was deleted', async () => {
    await using scene = await showing();
    const view = scene.client.watch.liveView(board, { awaitLeaderboard: true });
    await view.ready();
    scene.breakWith('NOT_FOUND', 'LEADERBOARD_NOT_FOUND');
    expect(await state(view, 'closed')).toMatchObject({
      error: { reason: 'LEADERBOARD_NOT_FOUND' },
    });
  });

  it('rejects when the view is closed before it was live', async () => {
    await using server = await ScriptedServer.start({ watch: { watchStandings: () => {} } });
    await using client = connectTo(server);
    const view = client.watch.liveView(board);
    const rejected = expect(view.ready()).rejects.toMatchObject({
      code: 'CANCELLED',
      reason: 'VIEW_CLOSED',
    });
    await view.close();
    await rejected;
  });
});

describe('a live view and a resume token', () => {
  it('do not go together: by type, and at once where there are no types', async () => {
    await using scene = await showing();
    const request: WatchStandingsRequest = { ...board, resumeToken: 'token-1' };
    // @ts-expect-error: a live view begins with a snapshot
    expect(() => scene.client.watch.liveView(request)).toThrow(
      expect.objectContaining({
        reason: 'INVALID_FIELD',
        message: expect.stringContaining('resumeToken: a live view begins with a snapshot'),
      }),
    );
    // @ts-expect-error: the same for an object that is written in place
    expect(() => scene.client.watch.liveView({ ...board, resumeToken: 't' })).toThrow();
    await using view = scene.client.watch.liveView({ ...board, resumeToken: undefined });
    await view.ready();
  });
});
