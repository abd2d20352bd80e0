import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TransportServer } from '../../../../test/support/transport-server.ts';
import { viewAfter } from '../../../../test/support/watch/recording-stream.js';
import { RANKING, ScriptedIndex } from '../../../../test/support/watch/scripted-index.js';
import {
  changesRequest,
  standingsRequest,
  WatchCall,
  type WatchClient,
  watchClient,
} from '../../../../test/support/watch/watch-call.js';
import { WireCaller } from '../../../../test/support/wire-caller.ts';
import { RostrumError } from '../../../domain/errors.js';
import { ReadTurns } from '../../../domain/read-turns.js';
import { WatchServiceService, WatchStandingsRequest } from '../../../gen/rostrum/v1/watch.js';
import { WatchHub } from '../watch-hub.js';
import type { WatchOptions } from '../watch-options.js';
import { watchService } from './handler.js';

let index: ScriptedIndex;
let hub: WatchHub;
let server: TransportServer;
let client: WatchClient;

async function start(options: Partial<WatchOptions> = {}): Promise<void> {
  index = new ScriptedIndex();
  const directory = {
    resolve: async ({ leaderboardId }: { leaderboardId: string }) => {
      if (leaderboardId === 'board') return RANKING;
      throw new RostrumError('LEADERBOARD_NOT_FOUND', 'no such leaderboard');
    },
  };
  const reportFault = (fault: unknown) => {
    throw fault;
  };
  hub = new WatchHub(
    directory,
    { reader: index, signals: index, turns: new ReadTurns(), reportFault },
    options,
  );
  server = await TransportServer.start({
    limits: { streamEndGraceMs: 200 },
    prepare: (grpcServer) =>
      grpcServer.addService(WatchServiceService, watchService(directory, hub)),
  });
  client = watchClient(`localhost:${server.port}`);
}

beforeEach(() => start());

afterEach(stop);

async function stop(): Promise<void> {
  hub.endAll();
  client.close();
  await server[Symbol.asyncDispose]();
}

function watch(rest: Partial<WatchStandingsRequest> = {}) {
  return new WatchCall(client.watchStandings(standingsRequest('board', rest)));
}

function expected(count: number): string[] {
  return index
    .rows()
    .slice(0, count)
    .map(({ rank, playerId, score }) => `${rank} ${playerId} ${score}`);
}

/** Bytes that this process holds on to. */
function memoryInUse(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** Lets the server finish what it has begun. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20));
}

/** A ranking of 1,000 whose snapshot is larger than what a stream takes unread. */
function fillLarge(): void {
  for (let i = 0; i < 1000; i++) index.setSilently(`player-${'x'.repeat(100)}-${i}`, i);
}

const LARGE: Partial<WatchStandingsRequest> = {
  view: { $case: 'top', value: { count: 1000 } },
  minInterval: { seconds: 0n, nanos: 10_000_000 },
};

describe('over the wire', () => {
  it('a view arrives as a snapshot and changes', async () => {
    index.set('a', 1);
    const call = watch();
    expect(await call.message()).toMatchObject({
      revision: 1n,
      event: { $case: 'snapshot', value: { totalPlayers: 1, reset: false } },
    });
    index.set('b', 2);
    await call.message(2);
    expect(viewAfter(call.messages)).toEqual(['1 b 2', '2 a 1']);
    call.call.cancel();
  });

  it('the feed arrives as a checkpoint and changes', async () => {
    const call = new WatchCall(client.watchChanges(changesRequest('board')));
    expect(await call.message()).toMatchObject({ changes: [], revision: 0n });
    index.set('b', 2);
    expect(await call.message(2)).toMatchObject({
      changes: [{ playerId: 'b', standing: { rank: 1, score: 2, percentile: 100 } }],
      revision: 1n,
    });
    call.call.cancel();
  });

  it('many watches of one long list keep it once, not as many times as it was asked for', async () => {
    const playerIds = Array.from({ length: 1000 }, (_, at) => `p${at}`.padEnd(128, 'x'));
    const view = { $case: 'players', value: { playerIds } } as const;
    const request = WatchStandingsRequest.encode(standingsRequest('board', { view })).finish();
    using caller = new WireCaller(`localhost:${server.port}`, 'reader');
    const open = async (watches: number) => {
      const calls = Array.from({ length: watches }, () =>
        caller.stream('/rostrum.v1.WatchService/WatchStandings', Buffer.from(request)),
      );
      await Promise.all(calls.map((call) => new Promise((resolve) => call.once('data', resolve))));
      return calls;
    };
    const first = await open(1);
    const before = memoryInUse();
    const more = await open(100);
    // The callers, which are in this process too, keep each request once.
    // What has just been let go of is freed in the background.
    await expect
      .poll(() => (memoryInUse() - before) / 100, { timeout: 5_000 })
      .toBeLessThan(1.6 * request.length);
    for (const call of [...first, ...more]) call.cancel();
  });

  it.each([
    ['board', { view: { $case: 'top', value: { count: -1 } } }, status.INVALID_ARGUMENT],
    ['board', { minInterval: { seconds: -1n, nanos: 0 } }, status.INVALID_ARGUMENT],
    ['board', { resumeToken: 'forged' }, status.INVALID_ARGUMENT],
    ['other', {}, status.NOT_FOUND],
  ] as const)('%s with %o is refused', async (board, rest, code) => {
    const call = new WatchCall(client.watchStandings(standingsRequest(board, rest)));
    expect((await call.ended)?.code).toBe(code);
    expect(hub.stats().viewWatchers).toBe(0);
  });

  it('a watcher that goes is forgotten', async () => {
    const call = watch();
    await call.message();
    expect(hub.stats().viewWatchers).toBe(1);
    call.call.cancel();
    await call.ended;
    while (hub.stats().viewWatchers > 0) await turn();
    expect(index.subscriptions).toBe(0);
  });

  it('many watchers on several connections share encodings', async () => {
    const others = [1, 2, 3].map(() => watchClient(`localhost:${server.port}`));
    const calls = [client, ...others].flatMap((from) =>
      Array.from(
        { length: 250 },
        () => new WatchCall(from.watchStandings(standingsRequest('board'))),
      ),
    );
    await Promise.all(calls.map((call) => call.message()));
    const { messagesEncoded } = hub.stats();
    index.set('a', 1);
    await Promise.all(calls.map((call) => call.message(2)));
    expect(hub.stats()).toMatchObject({ viewWatchers: 1000, messagesSent: 2000 });
    // Once, and once more for each tick that passes meanwhile on a busy machine.
    expect(hub.stats().messagesEncoded).toBeGreaterThan(messagesEncoded);
    expect(hub.stats().messagesEncoded).toBeLessThan(messagesEncoded + 50);
    for (const call of calls) call.call.cancel();
    for (const other of others) other.close();
  });

  it('shutting down ends every watch with a token', async () => {
    const call = watch();
    const { resumeToken } = await call.message();
    hub.endAll();
    const error = await call.ended;
    expect(error?.code).toBe(status.UNAVAILABLE);
    const details = error?.metadata.get('grpc-status-details-bin')[0];
    expect(details?.toString()).toContain(resumeToken);
    expect((await watch().ended)?.code).toBe(status.UNAVAILABLE);
  });
});

describe('a client that does not read', () => {
  it('has no messages piling up, holds up nobody, and gets one step when it reads', async () => {
    fillLarge();
    const slow = watch(LARGE);
    const quick = watch(LARGE);
    await Promise.all([slow.message(), quick.message()]);
    slow.call.pause();
    for (let i = 0; i < 60; i++) {
      // Every rank changes, so that each message is large.
      index.setSilently(`last-${i}`, 5000 + i);
      index.signal();
      await quick.until(() => (quick.messages.at(-1)?.revision ?? 0n) === BigInt(index.revision));
    }
    expect(quick.messages.length).toBeGreaterThan(55);
    expect(hub.stats().messagesSent).toBeLessThan(quick.messages.length + 25);
    slow.call.resume();
    await slow.until(() => (slow.messages.at(-1)?.revision ?? 0n) === BigInt(index.revision));
    expect(slow.messages.length).toBeLessThan(25);
    expect(viewAfter(slow.messages)).toEqual(expected(1000));
    expect(viewAfter(quick.messages)).toEqual(expected(1000));
    slow.call.cancel();
    quick.call.cancel();
  });

  it('is ended when it has not read for too long', async () => {
    await stop();
    await start({ slowAfterMs: 300, tickMs: 50 });
    fillLarge();
    const slow = watch(LARGE);
    const feed = new WatchCall(client.watchChanges(changesRequest('board')));
    await Promise.all([slow.message(), feed.message()]);
    slow.call.pause();
    feed.call.pause();
    for (let i = 0; hub.stats().slowEnded < 2; i++) {
      for (let n = 0; n < 40; n++) index.setSilently(`p${n}-${'y'.repeat(100)}`, 5000 + i + n);
      index.signal();
      await turn();
    }
    expect(hub.stats()).toMatchObject({ viewWatchers: 0, feedWatchers: 0, slowEnded: 2 });
    slow.call.resume();
    feed.call.resume();
    // The status where it still fits; else the stream is reset, which says the same less precisely.
    for (const call of [slow, feed]) {
      expect([status.ABORTED, status.RESOURCE_EXHAUSTED]).toContain((await call.ended)?.code);
    }
  });
});
