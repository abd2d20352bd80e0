import { beforeEach, expect, test } from 'vitest';
import { RecordingStream } from '../../../test/support/watch/recording-stream.js';
import { type Cohort, FeedCohorts } from './feed-cohorts.js';
import { FeedWatcher } from './feed-watcher.js';
import { WatchCounters } from './watch-counters.js';

const NOW = 1_000_000;
const GAP = 10;

let cohorts: FeedCohorts;

beforeEach(() => {
  cohorts = new FeedCohorts();
});

function admit(revision: number, watchers = 1): Cohort {
  const cohort = cohorts.at({ epoch: 1, revision });
  for (let at = 0; at < watchers; at += 1) {
    cohort.admit(new FeedWatcher(new RecordingStream(), new WatchCounters(), undefined, undefined));
  }
  return cohort;
}

/** How many reads it takes until it is the turn of `awaited`, while more resume all the time. */
function turnsUntil(awaited: Cohort): number {
  for (let turn = 1; turn < 100; turn += 1) {
    admit(1_000 + turn, 2);
    const next = cohorts.next(NOW, GAP);
    if (next.kind !== 'read') throw new Error(`nothing to read: ${next.kind}`);
    if (next.cohort === awaited) return turn;
    cohorts.dissolve(next.cohort);
  }
  return Number.POSITIVE_INFINITY;
}

test('who keeps up is not held up by any number that resume', () => {
  const keepsUp = admit(9_000);
  // It was told what there was before.
  keepsUp.readAt = NOW - GAP;
  for (let revision = 0; revision < 50; revision += 1) admit(revision, 2);
  expect(turnsUntil(keepsUp)).toBeLessThanOrEqual(3);
});

test('who is behind is not held up by those who resume later', () => {
  const behind = admit(500);
  expect(turnsUntil(behind)).toBeLessThanOrEqual(3);
});

test('nothing is read again at once', () => {
  admit(1).readAt = NOW - 4;
  expect(cohorts.next(NOW, GAP)).toEqual({ kind: 'wait', ms: 6 });
});
