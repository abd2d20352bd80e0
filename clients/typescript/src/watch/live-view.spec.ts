import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { changes, entered, left, moved, snapshot, standing } from '../../test/messages.js';
import { connectTo, failureOf, ScriptedServer } from '../../test/scripted-server.js';
import type { WatchServiceServer, WatchStandingsResponse } from '../gen/rostrum/v1/watch.js';
import { fromStandingMessage } from '../standings/standing-conversion.js';
import { LiveStandings, standingChanges } from './live-standings.js';
import type { LiveView, LiveViewUpdate } from './live-view.js';
import { fromWatchStandingsMessage } from './watch-conversion.js';

type WatchStandings = WatchServiceServer['watchStandings'];
type Call = Parameters<WatchStandings>[0];

const board = { leaderboardId: 'b' };
const names = (standings: readonly { playerId: string }[]) =>
  standings.map(({ playerId }) => playerId);

/** A server whose watches the test feeds by hand. */
async function fedByHand() {
  let opened = Promise.withResolvers<Call>();
  const watchStandings: WatchStandings = (call) => {
    call.on('error', () => {});
    opened.resolve(call);
  };
  const server = await ScriptedServer.start({ watch: { watchStandings } });
  const client = connectTo(server);
  const nextCall = async () => {
    const call = await opened.promise;
    opened = Promise.withResolvers<Call>();
    return call;
  };
  return {
    client,
    nextCall,
    async [Symbol.asyncDispose]() {
      await client.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

function revision(view: LiveView, wanted: number): Promise<LiveViewUpdate> {
  return new Promise((resolve) => {
    const stop = view.onUpdate((update) => {
      if (update.revision !== wanted) return;
      stop();
      resolve(update);
    });
  });
}

describe('LiveView', () => {
  it('holds the current standings and yields each change', async () => {
    await using scene = await fedByHand();
    const view = scene.client.watch.liveView({ ...board, view: { top: 3 } });
    expect(view.standings).toEqual([]);
    const call = await scene.nextCall();
    call.write(snapshot(1, [standing('a', 1), standing('b', 2)]));
    const updates = view[Symbol.asyncIterator]();
    const first = (await updates.next()).value as LiveViewUpdate;
    expect(first).toMatchObject({ totalPlayers: 2, revision: 1, changes: [] });
    expect(names(first.standings)).toEqual(['a', 'b']);
    call.write(
      changes(4, [moved(standing('b', 1, 2_000), 2, 998), moved(standing('a', 2, 999), 1, 999)], 2),
    );
    const second = (await updates.next()).value as LiveViewUpdate;
    expect(names(second.standings)).toEqual(['b', 'a']);
    expect(second.changes).toMatchObject([
      { kind: 'MOVED', playerId: 'b', previousRank: 2, previousScore: 998 },
      { kind: 'MOVED', playerId: 'a', previousRank: 1 },
    ]);
    expect(view).toMatchObject({ standings: second.standings, totalPlayers: 2, revision: 4 });
    await view.close();
    expect(await updates.next()).toMatchObject({ done: true });
  });

  it('recomputes the percentiles of players who stay when others come and go', async () => {
    await using scene = await fedByHand();
    const view = scene.client.watch.liveView(board);
    const call = await scene.nextCall();
    call.write(snapshot(1, [standing('a', 1), standing('b', 2)], { totalPlayers: 2 }));
    await view.ready();
    expect(view.standings.map(({ percentile }) => percentile)).toEqual([100, 0]);
    call.write(changes(2, [], 5));
    await revision(view, 2);
    expect(view.standings.map(({ percentile }) => percentile)).toEqual([100, 75]);
    call.write(changes(3, [left('b', 2, 998)], 1));
    const update = await revision(view, 3);
    expect(update).toMatchObject({ totalPlayers: 1, changes: [{ kind: 'LEFT', playerId: 'b' }] });
    expect(view.standings).toMatchObject([{ playerId: 'a', percentile: 100 }]);
  });

  it('gives a slow loop one update with all the differences', async () => {
    await using scene = await fedByHand();
    const view = scene.client.watch.liveView(board);
    const call = await scene.nextCall();
    call.write(snapshot(1, [standing('a', 1), standing('b', 2)]));
    const updates = view[Symbol.asyncIterator]();
    await updates.next();
    call.write(changes(2, [entered(standing('c', 3)), left('b', 2, 998)], 3));
    call.write(changes(3, [left('c', 3, 997), entered(standing('d', 2))], 3));
    await revision(view, 3);
    const { changes: merged, revision: at } = (await updates.next()).value as LiveViewUpdate;
    expect(at).toBe(3);
    expect(merged).toMatchObject([
      { kind: 'ENTERED', playerId: 'd' },
      { kind: 'LEFT', playerId: 'b', previousRank: 2, previousScore: 998 },
    ]);
  });

  it('goes on with a reset snapshot and tells what it changed', async () => {
    await using scene = await fedByHand();
    const view = scene.client.watch.liveView(board);
    const call = await scene.nextCall();
    call.write(snapshot(1, [standing('a', 1), standing('b', 2)]));
    await view.ready();
    call.emit('error', failureOf('UNAVAILABLE', 'SHUTTING_DOWN'));
    const resumed = await scene.nextCall();
    expect(resumed.request.resumeToken).toBe('token-1');
    const update = revision(view, 9);
    resumed.write(snapshot(9, [standing('c', 1, 5_000), standing('a', 2, 999)], { reset: true }));
    expect((await update).changes).toMatchObject([
      { kind: 'ENTERED', playerId: 'c' },
      { kind: 'MOVED', playerId: 'a', previousRank: 1 },
      { kind: 'LEFT', playerId: 'b' },
    ]);
    expect(names(view.standings)).toEqual(['c', 'a']);
  });

  it('ends its watch when the loop is left, and throws what ended it', async () => {
    await using scene = await fedByHand();
    const view = scene.client.watch.liveView(board);
    const call = await scene.nextCall();
    call.write(snapshot(1, [standing('a', 1)]));
    const cancelled = new Promise((resolve) => call.once('cancelled', resolve));
    for await (const update of view) {
      expect(update.revision).toBe(1);
      break;
    }
    await cancelled;
    expect(names(view.standings)).toEqual(['a']);

    const controller = new AbortController();
    const aborted = scene.client.watch.liveView(board, { signal: controller.signal });
    const ready = expect(aborted.ready()).rejects.toMatchObject({ name: 'AbortError' });
    await scene.nextCall();
    controller.abort();
    await ready;
    await expect(aborted[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      name: 'AbortError',
    });
  });
});

describe('LiveStandings', () => {
  it('keeps players who share a rank in the order of their places', () => {
    const live = new LiveStandings();
    const order = () => live.standings.map(({ playerId, rank }) => `${rank} ${playerId}`);
    const tied = [standing('d', 4, 9), standing('a', 4, 9), standing('b', 4, 9)];
    live.apply(fromWatchStandingsMessage(snapshot(1, tied, { places: [4] })));
    expect(order()).toEqual(['4 d', '4 a', '4 b']);
    const moves = [
      { ...moved(standing('b', 4, 9), 4, 9), place: 5 },
      { ...moved(standing('a', 4, 9), 4, 9), place: 6 },
      { ...entered(standing('c', 7, 1)) },
    ];
    live.apply(fromWatchStandingsMessage(changes(2, moves, 9)));
    expect(order()).toEqual(['4 d', '4 b', '4 a', '7 c']);
    live.apply(fromWatchStandingsMessage(changes(3, [moved(standing('a', 3, 10), 4, 9)], 9)));
    expect(order()).toEqual(['3 a', '4 d', '4 b', '7 c']);
    live.apply(fromWatchStandingsMessage(snapshot(4, tied, { places: [9, 7, 8] })));
    expect(order()).toEqual(['4 a', '4 b', '4 d']);
  });

  const score = fc.integer({ min: 0, max: 5 });
  const players = fc.dictionary(fc.constantFrom(...'abcdefgh'), score, { noNullPrototype: true });

  /** The view of a ranking as the service would read it. */
  function read(scores: Record<string, number>) {
    const order = Object.entries(scores).sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
    const total = order.length;
    return order.map(([playerId, points], index) => ({
      ...standing(playerId, index + 1, points),
      percentile: total <= 1 ? 100 : (100 * (total - index - 1)) / (total - 1),
    }));
  }

  function tell(from: Record<string, number>, to: Record<string, number>, at: number) {
    const before = new Map(read(from).map((row) => [row.playerId, row]));
    const told = read(to).flatMap((row) => {
      const previous = before.get(row.playerId);
      before.delete(row.playerId);
      if (!previous) return [entered(row)];
      const same = previous.rank === row.rank && previous.score === row.score;
      return same ? [] : [moved(row, previous.rank, previous.score)];
    });
    const gone = [...before.values()].map((row) => left(row.playerId, row.rank, row.score));
    return changes(at, [...gone, ...told], Object.keys(to).length);
  }

  it('equals a read after any sequence of snapshots and changes', () => {
    const step = fc.record({ players, kind: fc.constantFrom('changes', 'changes', 'snapshot') });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), (steps) => {
        const live = new LiveStandings();
        let known: Record<string, number> = {};
        for (const [index, { players: next, kind }] of steps.entries()) {
          const message: WatchStandingsResponse =
            kind === 'snapshot' || index === 0
              ? snapshot(index + 1, read(next), { reset: index > 0 })
              : tell(known, next, index + 1);
          const before = live.standings;
          live.apply(fromWatchStandingsMessage(message));
          known = next;
          expect(live.standings).toEqual(read(next).map(fromStandingMessage));
          expect(live.revision).toBe(index + 1);
          expect(live.totalPlayers).toBe(Object.keys(next).length);
          // What a loop is told leads from the state before to this one, too.
          const replayed = new LiveStandings();
          const type = { revision: 0, resumeToken: '', totalPlayers: live.totalPlayers };
          replayed.apply({ type: 'snapshot', standings: before, reset: false, ...type });
          replayed.apply({
            type: 'changes',
            changes: standingChanges(before, live.standings),
            ...type,
          });
          expect(replayed.standings).toEqual(live.standings);
        }
      }),
    );
  });
});
