import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RecordingStream } from '../../../test/support/watch/recording-stream.js';
import { player, RANKING, ScriptedIndex } from '../../../test/support/watch/scripted-index.js';
import { RostrumError } from '../../domain/errors.js';
import { Feed } from './feed.js';
import { WatchCounters } from './watch-counters.js';
import { DEFAULT_WATCH_OPTIONS, type WatchOptions } from './watch-options.js';

const PAGE_SIZE = 5;

let index: ScriptedIndex;
let counters: WatchCounters;

beforeEach(() => {
  vi.useFakeTimers();
  index = new ScriptedIndex();
  counters = new WatchCounters();
});

afterEach(() => {
  vi.useRealTimers();
});

function makeFeed(options: Partial<WatchOptions> = {}): Feed {
  return new Feed(RANKING, {
    reader: index,
    signals: index,
    options: { ...DEFAULT_WATCH_OPTIONS, feedPageSize: PAGE_SIZE, ...options },
    counters,
    reportFault: (fault) => {
      throw fault;
    },
  });
}

async function settle(): Promise<void> {
  await vi.advanceTimersByTimeAsync(3 * DEFAULT_WATCH_OPTIONS.readGapMs);
}

async function join(feed: Feed, resumeToken = '', ids?: string[]): Promise<RecordingStream> {
  const stream = new RecordingStream();
  feed.join(stream, ids?.map(player), resumeToken);
  await settle();
  return stream;
}

function tickAfter(feed: Feed, ms: number): void {
  vi.advanceTimersByTime(ms);
  feed.tick(performance.now());
}

/** The revisions told, in the order of arrival. */
function revisions(...streams: RecordingStream[]): number[] {
  return streams.flatMap((stream) =>
    stream.changes.flatMap(({ changes }) => changes.map((change) => Number(change.revision))),
  );
}

function upTo(last: number, first = 1): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

function token(stream: RecordingStream): string {
  return stream.changes.at(-1)?.resumeToken ?? '';
}

describe('a watcher of all changes', () => {
  it('starts with a checkpoint and then gets every change after the call, in order', async () => {
    index.set('before', 1);
    const stream = await join(makeFeed());
    expect(stream.changes).toEqual([
      { changes: [], revision: 1n, resumeToken: expect.any(String), reset: false },
    ]);
    for (let i = 0; i < 23; i++) index.set(`p${i % 4}`, i);
    await settle();
    expect(revisions(stream)).toEqual(upTo(24, 2));
    index.remove('p1');
    await settle();
    expect(revisions(stream)).toEqual(upTo(25, 2));
  });

  it('resumes exactly after each of its tokens', async () => {
    const feed = makeFeed();
    const stream = await join(feed);
    for (let i = 0; i < 17; i++) index.set(`p${i % 4}`, i);
    await settle();
    for (const { resumeToken, revision } of stream.changes) {
      const resumed = await join(makeFeed(), resumeToken);
      expect(revisions(resumed)).toEqual(upTo(17, Number(revision) + 1));
      expect(resumed.changes.at(-1)?.revision).toBe(17n);
    }
  });

  it('that resumes up to date is told so at once', async () => {
    const feed = makeFeed();
    index.set('a', 1);
    const first = await join(feed);
    const second = await join(feed, token(first));
    expect(second.changes).toEqual(first.changes);
  });

  it('gets checkpoints while idle', async () => {
    const feed = makeFeed();
    const stream = await join(feed);
    tickAfter(feed, DEFAULT_WATCH_OPTIONS.checkpointMs);
    expect(stream.changes).toHaveLength(2);
    expect(stream.changes[1]).toEqual(stream.changes[0]);
  });

  it('learns of a change whose signal was lost', async () => {
    const feed = makeFeed();
    const stream = await join(feed);
    index.setSilently('a', 1);
    tickAfter(feed, DEFAULT_WATCH_OPTIONS.checkpointMs);
    await settle();
    expect(revisions(stream)).toEqual([1]);
  });

  it('stays open while the index is away and misses nothing', async () => {
    const feed = makeFeed();
    const stream = await join(feed);
    index.away = true;
    index.set('a', 1);
    index.set('a', 2);
    const waiting = await join(feed);
    expect(revisions(stream)).toEqual([]);
    index.away = false;
    tickAfter(feed, DEFAULT_WATCH_OPTIONS.tickMs);
    await settle();
    index.set('a', 3);
    await settle();
    expect(revisions(stream)).toEqual([1, 2, 3]);
    expect(revisions(waiting)).toEqual([3]);
  });

  it('is ended with the oldest revision when its token is no longer retained', async () => {
    const feed = makeFeed();
    const { changes } = await join(feed);
    for (let i = 0; i < 9; i++) index.set('a', i);
    index.trim(4);
    const resumed = await join(makeFeed(), changes[0]?.resumeToken);
    expect(resumed.error?.reason).toBe('RESUME_TOKEN_EXPIRED');
    expect(resumed.error?.details.metadata).toEqual({ oldest_revision: '4' });
    expect(resumed.written).toEqual([]);
  });

  it('refuses what is not a token', () => {
    const feed = makeFeed();
    expect(() => feed.join(new RecordingStream(), undefined, 'nonsense')).toThrow(RostrumError);
    expect(feed.watcherCount).toBe(0);
  });
});

describe('a rebuilt ranking', () => {
  it('is told as a reset, and the changes after it follow', async () => {
    const feed = makeFeed();
    const stream = await join(feed);
    index.set('a', 1);
    await settle();
    index.rebuild();
    index.set('a', 5);
    await settle();
    expect(stream.changes.map(({ reset }) => reset)).toEqual([false, false, true, false]);
    expect(stream.changes[2]).toMatchObject({ changes: [], revision: 2n });
    expect(revisions(stream)).toEqual([1, 3]);
  });

  it('resets those who resume from before it', async () => {
    const first = await join(makeFeed());
    index.set('a', 1);
    index.rebuild();
    index.set('a', 5);
    const resumed = await join(makeFeed(), token(first));
    expect(resumed.changes.map(({ reset }) => reset)).toEqual([true, false]);
    expect(revisions(resumed)).toEqual([3]);
  });

  it('resets once when the index went back to an older state', async () => {
    const feed = makeFeed();
    const stream = await join(feed);
    index.set('a', 1);
    index.set('a', 2);
    await settle();
    index.revision = 1;
    index.oldestRevision = 1;
    index.signal();
    await settle();
    expect(stream.changes.filter(({ reset }) => reset)).toHaveLength(1);
    expect(index.changeReads).toBeLessThan(10);
  });
});

describe('many watchers of a feed', () => {
  it('share reads and buffers', async () => {
    const feed = makeFeed();
    const streams = Array.from({ length: 1000 }, () => new RecordingStream());
    for (const stream of streams) feed.join(stream, undefined, '');
    await settle();
    index.changeReads = 0;
    counters.messagesEncoded = 0;
    index.set('a', 1);
    await settle();
    expect(index.changeReads).toBe(1);
    expect(counters.messagesEncoded).toBe(1);
    expect(new Set(streams.map((stream) => stream.written[1])).size).toBe(1);
  });

  it('that come at different times share one read from then on', async () => {
    const feed = makeFeed();
    const early = await join(feed);
    for (let i = 0; i < 12; i++) index.set('a', i);
    const returned = await join(feed, token(early));
    const last = await join(feed);
    index.changeReads = 0;
    index.set('a', 99);
    await settle();
    expect(index.changeReads).toBe(1);
    expect(revisions(early)).toEqual(upTo(13));
    expect(revisions(returned).at(-1)).toBe(13);
    expect(revisions(last)).toEqual([13]);
  });

  it('leave nothing behind', async () => {
    const feed = makeFeed();
    const streams = [await join(feed), await join(feed, '', ['a'])];
    index.set('a', 1);
    for (const stream of streams) stream.close();
    await settle();
    expect(feed.watcherCount).toBe(0);
    expect(index.subscriptions).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a watcher of some players', () => {
  it('hears of them only, and of the rest by checkpoints', async () => {
    const feed = makeFeed();
    const stream = await join(feed, '', ['a', 'b']);
    for (let i = 0; i < 12; i++) index.set('abcd'.charAt(i % 4), i);
    await settle();
    expect(revisions(stream)).toEqual([1, 2, 5, 6, 9, 10]);
    const told = stream.written.length;
    index.set('c', 50);
    await settle();
    expect(stream.written).toHaveLength(told);
    tickAfter(feed, DEFAULT_WATCH_OPTIONS.checkpointMs);
    expect(stream.changes.at(-1)).toMatchObject({ changes: [], revision: 13n });
  });

  it('may resume with the token of an unfiltered watch', async () => {
    const all = await join(makeFeed());
    for (let i = 0; i < 12; i++) index.set('abcd'.charAt(i % 4), i);
    const some = await join(makeFeed(), token(all), ['d']);
    expect(revisions(some)).toEqual([4, 8, 12]);
  });
});

describe('a watcher that does not read', () => {
  it('misses nothing when it reads again, and holds up nobody', async () => {
    const feed = makeFeed();
    const slow = await join(feed);
    const quick = await join(feed);
    slow.reading = false;
    for (let i = 0; i < 40; i++) {
      index.set(`p${i % 3}`, i);
      await settle();
    }
    expect(revisions(quick)).toEqual(upTo(40));
    expect(slow.written.length).toBeLessThanOrEqual(2);
    slow.drain();
    index.set('p1', 99);
    await settle();
    expect(revisions(slow)).toEqual(upTo(41));
    expect(revisions(quick)).toEqual(upTo(41));
  });

  it('gets one page at a time while it reads slowly', async () => {
    const feed = makeFeed();
    const slow = await join(feed);
    slow.reading = false;
    for (let i = 0; i < 40; i++) index.set('a', i);
    await settle();
    for (let page = 1; revisions(slow).length < 40; page++) {
      const before = slow.written.length;
      slow.drain();
      slow.reading = false;
      await settle();
      expect(slow.written.length).toBe(before + 1);
      expect(page).toBeLessThan(20);
    }
    expect(revisions(slow)).toEqual(upTo(40));
  });

  it('is ended with a token from which nothing is missing', async () => {
    const feed = makeFeed({ slowAfterMs: 30_000 });
    const slow = await join(feed);
    const quick = await join(feed);
    slow.reading = false;
    for (let i = 0; i < 20; i++) index.set('a', i);
    await settle();
    tickAfter(feed, 31_000);
    expect(slow.error?.reason).toBe('WATCHER_TOO_SLOW');
    expect(quick.error).toBeUndefined();
    const resumed = await join(feed, slow.error?.details.metadata?.resume_token);
    expect(revisions(slow, resumed)).toEqual(upTo(20));
  });
});

it('tells everyone everything whatever they do, each change once', async () => {
  // A fixed linear congruential sequence: the same run every time.
  let seed = 12345;
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((seed / 2 ** 31) * below);
  };
  const feed = makeFeed();
  const watchers = await Promise.all(upTo(12).map(async () => [await join(feed)]));
  for (let step = 0; step < 600; step++) {
    const history = watchers[random(watchers.length)] ?? [];
    const stream = history.at(-1) as RecordingStream;
    switch (random(6)) {
      case 0:
        stream.reading = false;
        break;
      case 1:
        stream.drain();
        break;
      case 2: {
        stream.close();
        const next = new RecordingStream();
        feed.join(next, undefined, token(stream) || token(history.at(-2) ?? stream));
        if (stream.written.length === 0) history.pop();
        history.push(next);
        break;
      }
      default:
        index.set(`p${random(9)}`, step);
    }
    await vi.advanceTimersByTimeAsync(random(8));
  }
  for (const history of watchers) history.at(-1)?.drain();
  await vi.advanceTimersByTimeAsync(1000);
  expect(index.revision).toBeGreaterThan(200);
  for (const history of watchers) {
    expect(revisions(...history)).toEqual(upTo(index.revision));
  }
});
