import { describe, expect, test } from 'vitest';
import { RECOVERY_MS, SETTLE_MS, SLACK_MS } from '../bounds.ts';
import type { Inflicted } from '../schedule/inflict.ts';
import type { FaultKind } from '../schedule/schedule.ts';
import { Timeline } from './timeline.ts';

const END = 1_000_000;

function inflicted(kind: FaultKind, from: number, to: number, more: Partial<Inflicted> = {}) {
  return { fault: { id: 1, at: 0, lasts: to - from, ...kind }, from, to, ...more } as Inflicted;
}

const CUT: FaultKind = { kind: 'link', store: 'postgres', server: 1, mode: 'cut' };
const FAILOVER: FaultKind = {
  kind: 'redis-failover',
  stale: 0,
  arrivals: [0, 3_000, 0],
  open: 'reset',
  old: 'alive',
};

describe('old standings are excused', () => {
  const failover = inflicted(FAILOVER, 50_000, 60_000, {
    promoted: 50_000,
    arrived: [50_000, 53_000, 50_000],
  });
  const cut = inflicted(CUT, 51_000, 58_000);

  test('of the server that is cut off and left behind at once, a little longer than both', () => {
    const timeline = new Timeline([failover, cut], [], END);
    expect(timeline.oldSince(1, 50_500)).toBeUndefined();
    expect(timeline.oldSince(1, 52_000)).toBe(50_000);
    expect(timeline.oldSince(1, 53_000 + SETTLE_MS + SLACK_MS - 1)).toBe(50_000);
    expect(timeline.oldSince(1, 53_000 + SETTLE_MS + SLACK_MS + 1)).toBeUndefined();
  });

  test('of no other server, and with neither fault alone', () => {
    expect(new Timeline([failover, cut], [], END).oldSince(0, 52_000)).toBeUndefined();
    expect(new Timeline([failover], [], END).oldSince(1, 52_000)).toBeUndefined();
    expect(new Timeline([cut], [], END).oldSince(1, 52_000)).toBeUndefined();
  });
});

describe('what a server must do', () => {
  const read = { reads: true, writes: false, store: false };
  const nothing = { reads: false, writes: false };

  test('without PostgreSQL: reads, of all servers that it concerns', () => {
    const timeline = new Timeline([inflicted(CUT, 50_000, 51_000)], [], END);
    expect(timeline.dutiesOf(1, 50_500, 50_600)).toEqual(read);
    expect(timeline.dutiesOf(0, 50_500, 50_600)).toMatchObject({ reads: true, writes: true });
    const everywhere = new Timeline(
      [inflicted({ kind: 'postgres-stop' }, 50_000, 51_000)],
      [],
      END,
    );
    expect(everywhere.dutiesOf(0, 50_500, 50_600)).toEqual(read);
  });

  test('without PostgreSQL: nothing of a server that had just started and knows no leaderboard', () => {
    const kill: FaultKind = { kind: 'server-kill', server: 1 };
    const away = inflicted({ kind: 'postgres-stop' }, 50_000, 70_000);
    const fresh = new Timeline([inflicted(kill, 48_000, 49_500), away], [], END);
    expect(fresh.dutiesOf(1, 65_000, 65_100)).toMatchObject(nothing);
    expect(fresh.dutiesOf(0, 65_000, 65_100)).toEqual(read);
    const long = new Timeline([inflicted(kill, 44_000, 45_000), away], [], END);
    expect(long.dutiesOf(1, 65_000, 65_100)).toEqual(read);
  });

  test('without Redis: both', () => {
    const timeline = new Timeline([inflicted({ kind: 'redis-stop' }, 50_000, 51_000)], [], END);
    expect(timeline.dutiesOf(0, 50_500, 50_600)).toEqual({
      reads: true,
      writes: true,
      store: true,
    });
  });

  test('of a server that is stopped, without both, and when the machine stood still: nothing', () => {
    const stopped = inflicted({ kind: 'server-stop', server: 2 }, 50_000, 51_000);
    expect(new Timeline([stopped], [], END).dutiesOf(2, 50_500, 50_600)).toMatchObject(nothing);
    const both = [
      inflicted(CUT, 50_000, 51_000),
      inflicted({ kind: 'redis-stop' }, 50_000, 51_000),
    ];
    expect(new Timeline(both, [], END).dutiesOf(1, 50_500, 50_600)).toMatchObject(nothing);
    const stalls = [{ from: 50_400, to: 50_900 }];
    expect(new Timeline([], stalls, END).dutiesOf(0, 50_500, 50_600)).toMatchObject(nothing);
  });

  test('everything, once there was time to recover', () => {
    const stopped = inflicted({ kind: 'server-stop', server: 2 }, 50_000, 51_000);
    const later = 51_000 + RECOVERY_MS + SLACK_MS + 1;
    const timeline = new Timeline([stopped], [], END);
    expect(timeline.dutiesOf(2, later, later + 10)).toMatchObject({ reads: true, writes: true });
    expect(timeline.isCalm(later, later + 10)).toBe(true);
    expect(timeline.isCalm(later - 10, later)).toBe(false);
  });
});

describe('a submission acknowledged without a rank is due', () => {
  const everywhere: FaultKind = { kind: 'link', store: 'redis', server: -1, mode: 'cut' };

  test('after the bound from a server that reaches PostgreSQL, whatever is wrong', () => {
    const timeline = new Timeline([inflicted(everywhere, 50_000, 60_000)], [], END);
    expect(timeline.dueNear(55_000, 1_000)).toBe(56_000);
  });

  test('from another, once somebody could bring it in for so long', () => {
    const timeline = new Timeline([inflicted(everywhere, 50_000, 60_000)], [], END);
    expect(timeline.dueFar(40_000, 1_000)).toBe(41_000);
    expect(timeline.dueFar(55_000, 1_000)).toBe(60_000 + RECOVERY_MS + 1_000);
  });
});

test('a server that lost both stores at once need do nothing until PostgreSQL is back', () => {
  const stopped = inflicted({ kind: 'postgres-stop' } as FaultKind, 10_000, 60_000);
  const hole = { kind: 'link', store: 'redis', server: 2, mode: 'hole' } as FaultKind;
  const timeline = new Timeline([stopped, inflicted(hole, 10_100, 10_900)], [], END);
  expect(timeline.dutiesOf(2, 50_000, 50_100)).toMatchObject({ reads: false, writes: false });
  expect(timeline.dutiesOf(1, 50_000, 50_100)).toMatchObject({ reads: true, writes: false });
  expect(timeline.dutiesOf(2, 90_000, 90_100)).toMatchObject({ reads: true, writes: true });
  // Neither does one that had no time to recover from the loss of Redis.
  const before = inflicted(hole, 9_000, 9_900);
  expect(new Timeline([stopped, before], [], END).dutiesOf(2, 50_000, 50_100).reads).toBe(false);
});
