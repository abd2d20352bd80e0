import { expect, test } from 'vitest';
import { testCaller } from '../../../test/support/test-caller.ts';
import { RecordingStream } from '../../../test/support/watch/recording-stream.js';
import { WatchCounters } from './watch-counters.js';
import { Watcher } from './watcher.js';
import { WatchersByConnection } from './watchers-by-connection.js';

const CONNECTIONS = [testCaller(), testCaller(), testCaller()];

function watcherOf(connection: number): Watcher {
  return new Watcher(new RecordingStream(CONNECTIONS[connection]), new WatchCounters());
}

test('the watchers of one connection follow each other, whatever the order in which they came', () => {
  const watchers = new WatchersByConnection();
  const came = [0, 1, 2, 1, 0, 2, 0].map((connection) => ({
    connection,
    of: watcherOf(connection),
  }));
  for (const { of } of came) watchers.add(of);
  expect(watchers.size).toBe(7);
  const connectionOf = new Map(came.map(({ connection, of }) => [of, connection]));
  expect([...watchers].map((each) => connectionOf.get(each))).toEqual([0, 0, 0, 1, 1, 2, 2]);
  expect([...watchers.connections]).toEqual(CONNECTIONS);
});

test('watchers that leave during a pass are left out of it', () => {
  const watchers = new WatchersByConnection();
  const [first, second, third] = [watcherOf(0), watcherOf(1), watcherOf(0)];
  for (const each of [first, second, third]) watchers.add(each);
  const visited: Watcher[] = [];
  for (const each of watchers) {
    visited.push(each);
    watchers.delete(third);
    watchers.delete(second);
  }
  expect(visited).toEqual([first]);
  expect(watchers.size).toBe(1);
  expect([...watchers.connections]).toEqual([CONNECTIONS[0]]);
});

test('a watcher counts once', () => {
  const watchers = new WatchersByConnection();
  const watcher = watcherOf(0);
  watchers.add(watcher);
  watchers.add(watcher);
  expect(watchers.size).toBe(1);
  expect(watchers.has(watcher)).toBe(true);
  expect(watchers.delete(watcher)).toBe(true);
  expect(watchers.delete(watcher)).toBe(false);
  expect(watchers.has(watcher)).toBe(false);
  expect(watchers.size).toBe(0);
});
