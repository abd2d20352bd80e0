import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { testCaller } from '../../../test/support/test-caller.ts';
import { RecordingStream, viewAfter } from '../../../test/support/watch/recording-stream.js';
import { player, RANKING, ScriptedIndex } from '../../../test/support/watch/scripted-index.js';
import { RostrumError } from '../../domain/errors.js';
import { FairSlots } from '../../domain/fair-slots.js';
import { type RankedRow, rowsOf } from '../../domain/ranking.js';
import { ReadTurns } from '../../domain/read-turns.js';
import { HistoryBudget } from './frame-history.js';
import { View } from './view.js';
import { readOf, type ViewSpec } from './view-key.js';
import { WatchCounters } from './watch-counters.js';
import { DEFAULT_WATCH_OPTIONS, type WatchOptions } from './watch-options.js';

const INTERVAL_MS = 50;

let index: ScriptedIndex;
let counters: WatchCounters;
let faults: unknown[];
let turns: ReadTurns;

beforeEach(() => {
  vi.useFakeTimers();
  index = new ScriptedIndex();
  counters = new WatchCounters();
  faults = [];
  turns = new ReadTurns();
});

afterEach(() => {
  vi.useRealTimers();
});

function makeView(
  options: Partial<WatchOptions> = {},
  spec: ViewSpec = { kind: 'top', count: 3 },
): View {
  return new View(RANKING, spec, INTERVAL_MS, {
    reader: index,
    signals: index,
    options: { ...DEFAULT_WATCH_OPTIONS, ...options },
    counters,
    budget: new HistoryBudget(1000),
    turns,
    slots: new FairSlots(1),
    reportFault: (fault) => faults.push(fault),
  });
}

/** Adds a watcher and lets it have its first message. */
async function join(view: View, resumeToken = ''): Promise<RecordingStream> {
  const stream = new RecordingStream();
  view.join(stream, resumeToken);
  await vi.advanceTimersByTimeAsync(DEFAULT_WATCH_OPTIONS.readGapMs);
  return stream;
}

function setAll(scores: Readonly<Record<string, number>>): void {
  for (const [id, score] of Object.entries(scores)) index.set(id, score);
}

/** Lets more time pass than the interval. */
async function nextTurn(): Promise<void> {
  await vi.advanceTimersByTimeAsync(INTERVAL_MS + 10);
}

function tickAfter(view: View, ms: number): void {
  vi.advanceTimersByTime(ms);
  view.tick(performance.now());
}

function shown(rows: readonly RankedRow[]): string[] {
  return rows.map(({ rank, playerId, score }) => `${rank} ${playerId} ${score}`);
}

describe('a watcher of a view', () => {
  it('gets a snapshot, then what changed', async () => {
    index.set('a', 10);
    index.set('b', 20);
    const stream = await join(makeView());
    expect(stream.events).toEqual(['snapshot']);
    expect(stream.view).toEqual(['1 b 20', '2 a 10']);
    expect(stream.standings[0]?.revision).toBe(2n);
    await nextTurn();
    index.set('a', 30);
    await nextTurn();
    expect(stream.events).toEqual(['snapshot', 'changes']);
    expect(stream.view).toEqual(['1 a 30', '2 b 20']);
    expect(stream.standings[1]?.revision).toBe(3n);
  });

  it('gets at most one message per interval however fast scores come', async () => {
    const stream = await join(makeView());
    await nextTurn();
    const before = stream.written.length;
    for (let i = 1; i <= 200; i++) {
      index.set(`p${i % 7}`, i);
      await vi.advanceTimersByTimeAsync(5);
    }
    await nextTurn();
    expect(stream.written.length - before).toBeGreaterThan(10);
    expect(stream.written.length - before).toBeLessThanOrEqual(1000 / INTERVAL_MS + 2);
    expect(stream.view).toEqual(shown(index.rows().slice(0, 3)));
  });

  it('hears nothing of changes outside its view, and their revision with the checkpoint', async () => {
    setAll({ a: 9, b: 8, c: 7, d: 1 });
    const view = makeView();
    const stream = await join(view);
    index.set('d', 2);
    await nextTurn();
    expect(stream.events).toEqual(['snapshot']);
    tickAfter(view, DEFAULT_WATCH_OPTIONS.checkpointMs);
    expect(stream.events).toEqual(['snapshot', 'checkpoint']);
    expect(stream.standings[1]?.revision).toBe(5n);
  });

  it('is told the new total when only that changed', async () => {
    setAll({ a: 9, b: 8, c: 7 });
    const stream = await join(makeView());
    await nextTurn();
    index.set('d', 1);
    await nextTurn();
    expect(stream.standings[1]?.event).toEqual({
      $case: 'changes',
      value: { changes: [], totalPlayers: 4 },
    });
  });

  it('has in its snapshot what was acknowledged before it called, even mid-interval', async () => {
    const view = makeView();
    await join(view);
    index.set('a', 1);
    await nextTurn();
    // The signal of this change is still under way.
    index.setSilently('b', 2);
    const second = await join(view);
    expect(second.view).toEqual(['1 b 2', '2 a 1']);
  });

  it('follows a player around, and shows an empty view while the player has no entry', async () => {
    for (let i = 1; i <= 9; i++) index.set(`p${i}`, i);
    const view = makeView({}, { kind: 'around', playerId: player('x'), count: 3 });
    const stream = await join(view);
    expect(stream.view).toEqual([]);
    await nextTurn();
    index.set('x', 4.5);
    await nextTurn();
    expect(stream.view).toEqual(['5 p5 5', '6 x 4.5', '7 p4 4']);
    index.set('x', 100);
    await nextTurn();
    expect(stream.view).toEqual(['1 x 100', '2 p9 9', '3 p8 8']);
  });

  it('sees the players it asked for, best first', async () => {
    for (let i = 1; i <= 5; i++) index.set(`p${i}`, i);
    const playerIds = ['none', 'p1', 'p2', 'p4'].map(player);
    const stream = await join(makeView({}, { kind: 'players', playerIds }));
    const [snapshot] = stream.standings;
    if (snapshot?.event?.$case !== 'snapshot') throw new Error('snapshot expected');
    expect(snapshot.event.value.standings.map((standing) => standing.rank)).toEqual([2, 4, 5]);
  });

  it('starts over with a reset snapshot when the ranking was rebuilt', async () => {
    index.set('a', 1);
    const stream = await join(makeView());
    await nextTurn();
    index.rebuild();
    await nextTurn();
    expect(stream.events).toEqual(['snapshot', 'reset']);
    index.set('a', 2);
    await nextTurn();
    expect(stream.events).toEqual(['snapshot', 'reset', 'changes']);
  });

  it('starts over when the index went back to an older state', async () => {
    index.set('a', 1);
    index.set('a', 2);
    const stream = await join(makeView());
    await nextTurn();
    index.revision = 1;
    index.signal();
    await nextTurn();
    expect(stream.events).toEqual(['snapshot', 'reset']);
  });

  it('learns of a change whose signal was lost', async () => {
    const view = makeView();
    const stream = await join(view);
    index.setSilently('a', 1);
    tickAfter(view, DEFAULT_WATCH_OPTIONS.checkpointMs);
    await nextTurn();
    expect(stream.view).toEqual(['1 a 1']);
  });

  it('is not read again, but for one row, while the ranking has the same revision', async () => {
    setAll({ a: 1, b: 2, c: 3 });
    const view = makeView();
    await join(view);
    await nextTurn();
    const tryRead = vi.spyOn(index, 'tryRead');
    for (let tick = 0; tick < 3; tick += 1) {
      tickAfter(view, DEFAULT_WATCH_OPTIONS.checkpointMs);
      await nextTurn();
    }
    expect(tryRead.mock.calls.map(([, read]) => rowsOf(read))).toEqual([1, 1, 1]);
  });
});

describe('while the index is away', () => {
  it('streams stay open and go on when it is back', async () => {
    index.set('a', 1);
    const view = makeView();
    const stream = await join(view);
    await nextTurn();
    index.away = true;
    index.set('a', 2);
    const waiting = await join(view);
    await nextTurn();
    expect(stream.error).toBeUndefined();
    expect(waiting.events).toEqual([]);
    index.away = false;
    tickAfter(view, DEFAULT_WATCH_OPTIONS.tickMs);
    await nextTurn();
    expect(stream.events).toEqual(['snapshot', 'changes']);
    expect(waiting.events).toEqual(['snapshot']);
    expect(waiting.view).toEqual(stream.view);
  });

  it('a reader that throws is reported and tried again', async () => {
    const view = makeView();
    const read = vi.spyOn(index, 'tryRead').mockRejectedValueOnce(new Error('lost'));
    const stream = await join(view);
    expect(faults).toHaveLength(1);
    tickAfter(view, DEFAULT_WATCH_OPTIONS.tickMs);
    await nextTurn();
    expect(stream.events).toEqual(['snapshot']);
    expect(read).toHaveBeenCalledTimes(2);
  });
});

describe('many watchers of a view', () => {
  it('share one read and one buffer per change', async () => {
    const view = makeView();
    const streams = Array.from({ length: 1000 }, () => new RecordingStream());
    for (const stream of streams) view.join(stream, '');
    await nextTurn();
    index.reads = 0;
    index.set('a', 1);
    await nextTurn();
    expect(index.reads).toBe(1);
    expect(counters.messagesSent).toBe(2000);
    expect(counters.messagesEncoded).toBe(2);
    expect(new Set(streams.map((stream) => stream.written[1])).size).toBe(1);
  });

  it('are written to connection by connection, whatever the order in which they came', async () => {
    const connections = [testCaller(), testCaller(), testCaller()];
    const written: number[] = [];
    const view = makeView();
    for (const number of [0, 1, 2, 1, 0, 2]) {
      const stream = new RecordingStream(connections[number]);
      const write = stream.write.bind(stream);
      stream.write = (message) => {
        written.push(number);
        return write(message);
      };
      view.join(stream, '');
    }
    await nextTurn();
    written.length = 0;
    index.set('a', 1);
    await nextTurn();
    expect(written).toEqual([0, 0, 1, 1, 2, 2]);
  });

  it('leave no subscription or timer behind', async () => {
    const view = makeView();
    const streams = await Promise.all([join(view), join(view)]);
    index.set('a', 1);
    expect(index.subscriptions).toBe(1);
    for (const stream of streams) stream.close();
    expect(view.watcherCount).toBe(0);
    expect(index.subscriptions).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('resuming', () => {
  it('goes on with the changes since the token, also after everyone had left', async () => {
    index.set('a', 1);
    const view = makeView();
    const first = await join(view);
    first.close();
    index.set('b', 2);
    index.set('c', 3);
    const second = await join(view, first.token);
    expect(second.events).toEqual(['changes']);
    const both = new RecordingStream();
    both.written.push(...first.written, ...second.written);
    expect(both.view).toEqual(shown(index.rows()));
  });

  it('from an older frame gets one merged step', async () => {
    const view = makeView();
    const stream = await join(view);
    const { token } = stream;
    for (let i = 1; i <= 5; i++) {
      index.set('a', i);
      await nextTurn();
    }
    const resumed = await join(view, token);
    expect(resumed.events).toEqual(['changes']);
    expect(resumed.view).toEqual(['1 a 5']);
  });

  it('says with a checkpoint that everything is as it was again', async () => {
    setAll({ a: 9, b: 8, c: 7, d: 1 });
    const view = makeView();
    const stream = await join(view);
    const { token } = stream;
    for (const score of [10, 1]) {
      index.set('d', score);
      await nextTurn();
    }
    expect(stream.events).toEqual(['snapshot', 'changes', 'changes']);
    expect((await join(view, token)).events).toEqual(['checkpoint']);
  });

  it('says with a checkpoint that nothing changed', async () => {
    index.set('a', 1);
    const view = makeView();
    const { token } = await join(view);
    expect((await join(view, token)).events).toEqual(['checkpoint']);
  });

  it('works with the token of a checkpoint', async () => {
    setAll({ a: 9, b: 8, c: 7, d: 1 });
    const view = makeView();
    const stream = await join(view);
    index.touch();
    await nextTurn();
    tickAfter(view, DEFAULT_WATCH_OPTIONS.checkpointMs);
    expect(stream.events.at(-1)).toBe('checkpoint');
    index.set('a', 10);
    await nextTurn();
    const resumed = await join(view, stream.standings[1]?.resumeToken);
    expect(resumed.events).toEqual(['changes']);
  });

  it('starts over when the token is from before a rebuild', async () => {
    const view = makeView();
    const { token } = await join(view);
    index.rebuild();
    expect((await join(view, token)).events).toEqual(['reset']);
  });

  it('starts over when the frame is forgotten or was another server’s', async () => {
    index.set('a', 1);
    const { token } = await join(makeView());
    index.set('a', 2);
    expect((await join(makeView(), token)).events).toEqual(['reset']);
  });

  it('keeps only as many frames as allowed', async () => {
    const view = makeView({ historyFrames: 2 });
    const stream = await join(view);
    const tokens = [stream.token];
    for (let i = 1; i <= 3; i++) {
      index.set('a', i);
      await nextTurn();
      tokens.push(stream.token);
    }
    const events = [];
    for (const token of tokens) events.push((await join(view, token)).events[0]);
    expect(events).toEqual(['reset', 'changes', 'changes', 'checkpoint']);
  });

  it('refuses the token of another view', async () => {
    const { token } = await join(makeView());
    const other = makeView({}, { kind: 'top', count: 4 });
    const stream = new RecordingStream();
    expect(() => other.join(stream, token)).toThrow(RostrumError);
    expect(other.watcherCount).toBe(0);
  });
});

describe('a watcher that does not read', () => {
  it('gets nothing more, and one merged step when it reads again', async () => {
    const view = makeView();
    const slow = await join(view);
    const quick = await join(view);
    await nextTurn();
    slow.reading = false;
    for (let i = 1; i <= 10; i++) {
      index.set(`p${i}`, i);
      await nextTurn();
    }
    expect(quick.events).toHaveLength(11);
    expect(slow.events).toEqual(['snapshot', 'changes']);
    slow.drain();
    expect(slow.events).toEqual(['snapshot', 'changes', 'changes']);
    expect(slow.view).toEqual(quick.view);
  });

  it('starts over when its frame is forgotten meanwhile', async () => {
    const view = makeView({ historyFrames: 2 });
    const slow = await join(view);
    const quick = await join(view);
    await nextTurn();
    slow.reading = false;
    for (let i = 1; i <= 10; i++) {
      index.set(`p${i}`, i);
      await nextTurn();
    }
    slow.drain();
    expect(slow.events).toEqual(['snapshot', 'changes', 'reset']);
    expect(slow.view).toEqual(quick.view);
  });

  it('gets no checkpoints and is ended with a token', async () => {
    const view = makeView({ slowAfterMs: 30_000 });
    const slow = await join(view);
    const quick = await join(view);
    await nextTurn();
    slow.reading = false;
    index.set('a', 1);
    await nextTurn();
    const { token } = slow;
    for (let s = 0; s < 29; s++) tickAfter(view, 1000);
    expect(slow.error).toBeUndefined();
    expect(slow.written).toHaveLength(2);
    tickAfter(view, 1000);
    expect(slow.error?.reason).toBe('WATCHER_TOO_SLOW');
    expect(slow.error?.details.metadata).toEqual({ resume_token: token });
    expect(quick.error).toBeUndefined();
    expect(view.watcherCount).toBe(1);
    expect(counters.slowEnded).toBe(1);
  });
});

it('ends every watcher with a token on shutdown', async () => {
  index.set('a', 1);
  const view = makeView();
  const stream = await join(view);
  view.endAll();
  expect(stream.error?.reason).toBe('SHUTTING_DOWN');
  expect(stream.error?.details.metadata).toEqual({ resume_token: stream.token });
  expect(view.watcherCount).toBe(0);
});

it('shows everyone at each message exactly what a read at that revision answers', async () => {
  // A fixed linear congruential sequence: the same run every time.
  let seed = 4711;
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((seed / 2 ** 31) * below);
  };
  for (const spec of [
    { kind: 'top', count: 4 },
    { kind: 'around', playerId: player('p3'), count: 3 },
    { kind: 'players', playerIds: ['p1', 'p5', 'p7'].map(player) },
  ] satisfies ViewSpec[]) {
    index = new ScriptedIndex();
    const view = makeView({ historyFrames: 6 }, spec);
    const answers = new Map<number, string[]>();
    const note = async () => {
      const answer = await index.tryRead(RANKING, readOf(spec));
      if (answer === undefined) return;
      const rows = answer.rows.toSorted((a, b) => a.rank - b.rank);
      answers.set(answer.revision, shown(rows));
    };
    await note();
    const watchers = Array.from({ length: 8 }, () => [new RecordingStream()]);
    for (const [stream] of watchers) view.join(stream as RecordingStream, '');
    for (let step = 0; step < 500; step++) {
      const history = watchers[random(watchers.length)] ?? [];
      const stream = history.at(-1) as RecordingStream;
      const action = random(20);
      if (action === 0) {
        stream.reading = false;
      } else if (action < 4) {
        stream.drain();
      } else if (action === 4) {
        stream.close();
        const token = history.findLast((past) => past.written.length > 0)?.token ?? '';
        const next = new RecordingStream();
        view.join(next, token);
        history.push(next);
      } else if (action === 5) {
        index.away = !index.away;
      } else if (action === 6) {
        index.remove(`p${random(9)}`);
        index.signal();
      } else if (action === 7 && random(5) === 0) {
        index.rebuild();
      } else {
        index.set(`p${random(9)}`, random(30));
      }
      const { away } = index;
      index.away = false;
      await note();
      index.away = away;
      await vi.advanceTimersByTimeAsync(random(40));
      if (random(10) === 0) view.tick(performance.now());
    }
    index.away = false;
    view.tick(performance.now());
    await nextTurn();
    for (const history of watchers) {
      history.at(-1)?.drain();
      await nextTurn();
      const messages = history.flatMap((stream) => stream.standings);
      expect(messages.length).toBeGreaterThan(10);
      for (const [i, message] of messages.entries()) {
        const answer = answers.get(Number(message.revision));
        expect(viewAfter(messages.slice(0, i + 1))).toEqual(answer);
      }
      expect(viewAfter(messages)).toEqual(answers.get(index.revision));
    }
  }
});

describe('many views of one identity', () => {
  it('are read in turn, so that the view of another is read at once', async () => {
    turns = new ReadTurns(100);
    let reading = 0;
    const gate = Promise.withResolvers<void>();
    const tryRead = index.tryRead.bind(index);
    vi.spyOn(index, 'tryRead').mockImplementation(async (ranking, read) => {
      reading += 1;
      if (reading <= 10) await gate.promise;
      return await tryRead(ranking, read);
    });
    const greedy = testCaller('reader/greedy');
    for (let count = 1; count <= 20; count += 1) {
      makeView({}, { kind: 'top', count }).join(new RecordingStream(greedy), '');
    }
    await vi.advanceTimersByTimeAsync(INTERVAL_MS);
    // A row to twenty each, and what a read costs besides: about seven fit, and the others wait.
    expect(reading).toBeLessThan(10);
    reading = 10;
    const modest = new RecordingStream(testCaller('reader/modest'));
    makeView().join(modest, '');
    await vi.advanceTimersByTimeAsync(INTERVAL_MS);
    expect(modest.events).toEqual(['snapshot']);
    gate.resolve();
  });
});
