import { describe, expect, it } from 'vitest';
import { RostrumError } from '../../../domain/errors.js';
import type { WatchStandingsRequest } from '../../../gen/rostrum/v1/watch.js';
import { intervalStep } from '../view-key.js';
import { toFilter, toIntervalMs, toViewSpec } from './request-conversion.js';

type View = WatchStandingsRequest['view'];

/** The fields that a refusal names. */
function refusedFields(run: () => unknown): string[] {
  try {
    run();
  } catch (error) {
    if (!(error instanceof RostrumError)) throw error;
    expect(error.reason).toBe('INVALID_FIELD');
    return error.details.violations?.map(({ field }) => field) ?? [];
  }
  return [];
}

function top(count: number): View {
  return { $case: 'top', value: { count } };
}

function around(playerId: string, count: number): View {
  return { $case: 'around', value: { playerId, count } };
}

function players(playerIds: string[]): View {
  return { $case: 'players', value: { playerIds } };
}

const many = (count: number) => Array.from({ length: count }, (_, i) => `p${i}`);

describe('views', () => {
  it('have the documented defaults', () => {
    expect(toViewSpec(undefined)).toEqual({ kind: 'top', count: 10 });
    expect(toViewSpec(top(0))).toEqual({ kind: 'top', count: 10 });
    expect(toViewSpec(around('a', 0))).toEqual({ kind: 'around', playerId: 'a', count: 11 });
  });

  it('are the same for the same set of players', () => {
    expect(toViewSpec(players(['b', 'a', 'b']))).toEqual(toViewSpec(players(['a', 'b'])));
  });

  it('reach up to 1,000', () => {
    expect(toViewSpec(top(1000))).toEqual({ kind: 'top', count: 1000 });
    expect(refusedFields(() => toViewSpec(players(many(1000))))).toEqual([]);
  });

  it.each([
    ['negative top', top(-1), ['top.count']],
    ['huge top', top(1001), ['top.count']],
    ['huge around', around('a', 2 ** 31 - 1), ['around.count']],
    ['empty player', around('', 3), ['around.player_id']],
    ['odd player', around('a\u200b', 3), ['around.player_id']],
    ['no players', players([]), ['players.player_ids']],
    ['too many players', players(many(1001)), ['players.player_ids']],
    [
      'odd players',
      players(['a', 'ｂ', 'c', '']),
      ['players.player_ids[1]', 'players.player_ids[3]'],
    ],
  ])('are refused by field: %s', (_, view, fields) => {
    expect(refusedFields(() => toViewSpec(view))).toEqual(fields);
  });
});

describe('min_interval', () => {
  it.each([
    ['absent', undefined, 50],
    ['zero', { seconds: 0n, nanos: 0 }, 50],
    ['1 ns', { seconds: 0n, nanos: 1 }, 10],
    ['10 ms', { seconds: 0n, nanos: 10_000_000 }, 10],
    ['2.5 s', { seconds: 2n, nanos: 500_000_000 }, 2500],
    ['an hour', { seconds: 3600n, nanos: 0 }, 60_000],
    ['the longest', { seconds: 315_576_000_000n, nanos: 0 }, 60_000],
  ])('%s', (_, interval, milliseconds) => {
    expect(toIntervalMs(interval)).toBe(milliseconds);
  });

  it.each([
    ['negative', { seconds: -1n, nanos: 0 }],
    ['negative by a nanosecond', { seconds: 0n, nanos: -1 }],
    ['beyond the range', { seconds: 2n ** 62n, nanos: 0 }],
    ['too many nanoseconds', { seconds: 1n, nanos: 1_000_000_000 }],
  ])('is refused when %s', (_, interval) => {
    expect(refusedFields(() => toIntervalMs(interval))).toEqual(['min_interval']);
  });

  it('is never shortened by sharing', () => {
    for (const ms of [10, 10.001, 49, 50, 999.5, 1000, 1001, 59_950, 60_000]) {
      expect(intervalStep(ms)).toBeGreaterThanOrEqual(ms);
    }
    expect(intervalStep(60_000)).toBe(60_000);
  });
});

describe('the filter of the feed', () => {
  const request = { leaderboardId: 'b', seasonId: '', segment: undefined, resumeToken: '' };
  it('is all players when empty', () => {
    expect(toFilter({ ...request, playerIds: [] })).toBeUndefined();
  });
  it('is refused by field', () => {
    expect(refusedFields(() => toFilter({ ...request, playerIds: ['..', 'a'] }))).toEqual([
      'player_ids[0]',
    ]);
    expect(refusedFields(() => toFilter({ ...request, playerIds: many(1001) }))).toEqual([
      'player_ids',
    ]);
  });
});
