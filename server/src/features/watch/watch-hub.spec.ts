import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { testCaller } from '../../../test/support/test-caller.ts';
import { RecordingStream } from '../../../test/support/watch/recording-stream.js';
import { RANKING, ScriptedIndex } from '../../../test/support/watch/scripted-index.js';
import type { Caller } from '../../domain/caller.js';
import { RostrumError } from '../../domain/errors.js';
import type { BoardNo, PlayerId } from '../../domain/ids.js';
import type { Ranking, RankingRead } from '../../domain/ranking.js';
import { ReadTurns } from '../../domain/read-turns.js';
import { readOf, type ViewSpec } from './view-key.js';
import { type WatchedRanking, WatchHub } from './watch-hub.js';
import { DEFAULT_WATCH_OPTIONS, type WatchOptions } from './watch-options.js';

const TOP: ViewSpec = { kind: 'top', count: 3 };
const WATCHED: WatchedRanking = {
  ranking: RANKING,
  selector: { leaderboardId: 'board', seasonId: '', segment: undefined },
};

let index: ScriptedIndex;
let resolve: () => Promise<Ranking>;
let hub: WatchHub;

function makeHub(options: Partial<WatchOptions> = {}): WatchHub {
  return new WatchHub(
    { resolve: () => resolve() },
    {
      reader: index,
      signals: index,
      turns: new ReadTurns(),
      reportFault: (fault) => {
        throw fault;
      },
    },
    options,
  );
}

beforeEach(() => {
  vi.useFakeTimers();
  index = new ScriptedIndex();
  resolve = async () => RANKING;
  hub = makeHub();
});

afterEach(() => {
  hub.endAll();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

function watchTop(count = 3, minIntervalMs = 50, token = '', caller?: Caller): RecordingStream {
  const stream = new RecordingStream(caller);
  hub.watchStandings(WATCHED, { kind: 'top', count }, minIntervalMs, token, stream);
  return stream;
}

function watchFeed(): RecordingStream {
  const stream = new RecordingStream();
  hub.watchChanges(WATCHED, undefined, '', stream);
  return stream;
}

function reasonOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof RostrumError) return error.reason;
    throw error;
  }
  return 'accepted';
}

describe('the hub', () => {
  it('brings equal views together and counts', async () => {
    watchTop();
    watchTop();
    watchTop(3, 46);
    watchTop(4);
    watchFeed();
    await vi.advanceTimersByTimeAsync(20);
    expect(hub.stats()).toEqual({
      viewWatchers: 4,
      views: 2,
      rows: 7,
      feedWatchers: 1,
      messagesSent: 5,
      messagesEncoded: 3,
      slowEnded: 0,
    });
  });

  it('refuses more watches than its limit, until one ends', () => {
    hub.endAll();
    hub = makeHub({ maxWatches: 2 });
    const first = watchTop();
    watchFeed();
    expect(reasonOf(() => watchTop())).toBe('TOO_MANY_WATCHES');
    expect(reasonOf(() => watchFeed())).toBe('TOO_MANY_WATCHES');
    first.close();
    expect(reasonOf(() => watchTop())).toBe('accepted');
  });

  it('lets one identity have most of the watches, and leaves some to others', () => {
    hub.endAll();
    hub = makeHub({ maxWatches: 100 });
    const greedy = testCaller('reader/greedy');
    const open: RecordingStream[] = [];
    for (let line = 0; line < 30; line += 1) {
      const connection = testCaller('reader/greedy', greedy.of);
      for (let at = 0; at < 10; at += 1) {
        reasonOf(() => open.push(watchTop(3, 50, '', connection)));
      }
    }
    expect(greedy.of).toMatchObject({ watches: 90, refused: 210 });
    const modest = testCaller('reader/modest');
    expect(reasonOf(() => watchTop(3, 50, '', modest))).toBe('accepted');
    for (const stream of open) stream.close();
    expect(greedy.of.watches).toBe(0);
    expect(reasonOf(() => watchTop(3, 50, '', greedy))).toBe('accepted');
  });

  it('gives one identity no more watches than the number set', () => {
    hub.endAll();
    hub = makeHub({ maxWatches: 100, identityWatches: { share: 1, most: 2 } });
    const caller = testCaller('reader/few');
    watchTop(3, 50, '', caller);
    watchTop(3, 50, '', caller);
    expect(reasonOf(() => watchTop(3, 50, '', caller))).toBe('TOO_MANY_WATCHES');
  });

  it('bounds the rows of views, counting each once for the server and for each who watches it', () => {
    hub.endAll();
    hub = makeHub({ maxRows: 1_000 });
    const greedy = testCaller('reader/greedy');
    const open: RecordingStream[] = [];
    for (let line = 0; line < 30; line += 1) {
      const connection = testCaller('reader/greedy', greedy.of);
      for (let at = 0; at < 10; at += 1) {
        reasonOf(() => open.push(watchTop(20 + at, 50 + 10 * line, '', connection)));
        // Again what it watches costs nothing.
        if (open.length === 1) open.push(watchTop(20 + at, 50 + 10 * line, '', connection));
      }
    }
    const kept = hub.stats().rows;
    expect(greedy.of.watchedRows).toBe(kept);
    expect(kept).toBeGreaterThan(850);
    expect(kept).toBeLessThanOrEqual(900);
    expect(greedy.of.refused).toBe(300 - (open.length - 1));
    const modest = testCaller('reader/modest');
    expect(reasonOf(() => open.push(watchTop(20, 50, '', modest)))).toBe('accepted');
    expect(modest.of.watchedRows).toBe(20);
    expect(hub.stats().rows).toBe(kept);
    expect(reasonOf(() => open.push(watchTop(21, 50, '', modest)))).toBe('accepted');
    expect(reasonOf(() => watchTop(500, 50, '', modest))).toBe('TOO_MANY_WATCHES');
    for (const stream of open) stream.close();
    expect([greedy.of.watchedRows, modest.of.watchedRows, hub.stats().rows]).toEqual([0, 0, 0]);
    expect(reasonOf(() => watchTop(500, 50, '', modest))).toBe('accepted');
  });

  it('reads few of many large views at a time, those of identities in turn', async () => {
    const ends: (() => void)[] = [];
    const read: RankingRead[] = [];
    vi.spyOn(index, 'tryRead').mockImplementation((_, asked) => {
      read.push(asked);
      return new Promise((done) => ends.push(() => done(undefined)));
    });
    const greedy = testCaller('reader/greedy');
    for (let at = 0; at < 30; at += 1) watchTop(900 + at, 50, '', greedy);
    const before = read.length;
    expect(before).toBeLessThan(5);
    watchTop(2, 50, '', testCaller('reader/modest'));
    for (const end of ends.splice(0, before)) end();
    await vi.advanceTimersByTimeAsync(0);
    expect(read.length).toBeLessThanOrEqual(2 * before + 1);
    expect(read).toContainEqual(readOf({ kind: 'top', count: 2 }));
    while (ends.length > 0) {
      for (const end of ends.splice(0)) end();
      await vi.advanceTimersByTimeAsync(0);
    }
    expect(read).toHaveLength(31);
  });

  it('counts the players that a watch of changes is limited to as rows', () => {
    hub.endAll();
    hub = makeHub({ maxRows: 1_000, identityRows: { share: 1, most: 100 } });
    const caller = testCaller('reader/lists');
    const players = Array.from({ length: 60 }, (_, at) => `p${at}` as PlayerId);
    const watch = () => {
      const stream = new RecordingStream(caller);
      hub.watchChanges(WATCHED, players, '', stream);
      return stream;
    };
    const first = watch();
    expect(hub.stats().rows).toBe(60);
    expect(reasonOf(watch)).toBe('TOO_MANY_WATCHES');
    first.close();
    expect(reasonOf(watch)).toBe('accepted');
  });

  it('does not keep the view of a refused token', () => {
    expect(reasonOf(() => watchTop(3, 50, 'forged'))).toBe('INVALID_RESUME_TOKEN');
    expect(hub.stats()).toMatchObject({ viewWatchers: 0, views: 0 });
  });

  it('keeps a view for a while after its watchers left, so that they resume', async () => {
    const first = watchTop();
    await vi.advanceTimersByTimeAsync(20);
    first.close();
    index.set('a', 1);
    await vi.advanceTimersByTimeAsync(DEFAULT_WATCH_OPTIONS.lingerMs - 2000);
    const second = watchTop(3, 50, first.token);
    await vi.advanceTimersByTimeAsync(20);
    expect(second.events).toEqual(['changes']);
    second.close();
    await vi.advanceTimersByTimeAsync(DEFAULT_WATCH_OPTIONS.lingerMs + 2000);
    expect(hub.stats().views).toBe(0);
    const third = watchTop(3, 50, first.token);
    await vi.advanceTimersByTimeAsync(20);
    expect(third.events).toEqual(['reset']);
  });

  it('keeps only a limited number of views without watchers', async () => {
    hub.endAll();
    hub = makeHub({ maxIdleViews: 2 });
    const streams = [1, 2, 3, 4, 5].map((count) => watchTop(count));
    await vi.advanceTimersByTimeAsync(20);
    for (const stream of streams.slice(1)) stream.close();
    await vi.advanceTimersByTimeAsync(DEFAULT_WATCH_OPTIONS.tickMs);
    expect(hub.stats().views).toBe(3);
    const resumed = watchTop(5, 50, streams[4]?.token);
    await vi.advanceTimersByTimeAsync(20);
    expect(resumed.events).toEqual(['checkpoint']);
  });

  it('keeps only a limited number of rows of views without watchers', async () => {
    hub.endAll();
    hub = makeHub({ maxIdleRows: 10 });
    const streams = [5, 6, 4, 7].map((count) => watchTop(count));
    for (const stream of streams.slice(0, 3)) stream.close();
    expect(hub.stats()).toMatchObject({ views: 3, rows: 7 });
    watchTop(6);
    streams[3]?.close();
    expect(hub.stats()).toMatchObject({ views: 2, rows: 6 });
  });

  it('sends checkpoints by its own clock', async () => {
    const view = watchTop();
    const feed = watchFeed();
    await vi.advanceTimersByTimeAsync(35_000);
    expect(view.events).toEqual(['snapshot', 'checkpoint', 'checkpoint', 'checkpoint']);
    expect(feed.changes).toHaveLength(4);
  });

  it('ends the watches of a leaderboard that was deleted', async () => {
    const view = watchTop();
    const feed = watchFeed();
    resolve = async () => {
      throw new RostrumError('LEADERBOARD_NOT_FOUND', 'gone');
    };
    await vi.advanceTimersByTimeAsync(DEFAULT_WATCH_OPTIONS.checkpointMs + 1000);
    expect(view.error?.reason).toBe('LEADERBOARD_NOT_FOUND');
    expect(feed.error?.reason).toBe('LEADERBOARD_NOT_FOUND');
    expect(hub.stats()).toMatchObject({ viewWatchers: 0, feedWatchers: 0 });
  });

  it('ends the watches of a leaderboard that was deleted and made again', async () => {
    const view = watchTop();
    resolve = async () => ({ ...RANKING, boardNo: 99 as BoardNo });
    await vi.advanceTimersByTimeAsync(DEFAULT_WATCH_OPTIONS.checkpointMs + 1000);
    expect(view.error?.reason).toBe('LEADERBOARD_NOT_FOUND');
  });

  it('lets watches go on while the store of record is away', async () => {
    const view = watchTop();
    resolve = async () => {
      throw new RostrumError('STORE_UNAVAILABLE', 'away');
    };
    await vi.advanceTimersByTimeAsync(DEFAULT_WATCH_OPTIONS.checkpointMs + 1000);
    index.set('a', 1);
    await vi.advanceTimersByTimeAsync(100);
    expect(view.error).toBeUndefined();
    expect(view.view).toEqual(['1 a 1']);
  });

  it('ends everything with tokens on shutdown and admits no more', async () => {
    const view = watchTop();
    const feed = watchFeed();
    await vi.advanceTimersByTimeAsync(20);
    hub.endAll();
    expect(view.error?.reason).toBe('SHUTTING_DOWN');
    expect(view.error?.details.metadata).toEqual({ resume_token: view.token });
    expect(feed.error?.reason).toBe('SHUTTING_DOWN');
    expect(feed.error?.details.metadata).toEqual({
      resume_token: feed.changes[0]?.resumeToken,
    });
    expect(index.subscriptions).toBe(0);
    expect(reasonOf(() => watchTop())).toBe('SHUTTING_DOWN');
    expect(reasonOf(() => hub.watchStandings(WATCHED, TOP, 50, '', view))).toBe('SHUTTING_DOWN');
  });
});
