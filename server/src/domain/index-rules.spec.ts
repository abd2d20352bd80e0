import { describe, expect, it } from 'vitest';
import {
  assess,
  type Confirmation,
  confirms,
  enoughSilenceMs,
  hasGoneBack,
  type IndexMark,
  LEASE_MS,
  type Life,
  type LifeId,
  leaseHolds,
  nextStep,
  SUPERSEDED_MS,
} from './index-rules.js';

const a = 'life-a' as LifeId;
const b = 'life-b' as LifeId;
const whole: IndexMark = { life: a, epoch: 4, whole: true, settledRevision: 10 };
const state = { epoch: 4, life: a as string, revision: 10, players: 3 };
const life = (redis: string, ready = true): Life => ({ id: a, redis, ready });

describe('the next step of a server that is connected', () => {
  it('joins the present life of its Redis, when that is ready', () => {
    expect(nextStep('r1', life('r1'), false, 0, false)).toBe('recover');
    expect(nextStep('r1', life('r1', false), false, 0, false)).toBe('wait');
  });

  it('declares another life of a Redis that has gone back in the present one', () => {
    expect(nextStep('r1', life('r1'), false, 0, true)).toBe('declare');
    expect(nextStep('r1', life('r1', false), false, 0, true)).toBe('declare');
  });

  it('declares a life of a Redis that never had one', () => {
    expect(nextStep('r1', undefined, false, 0, false)).toBe('declare');
    expect(nextStep('r2', life('r1'), false, 0, false)).toBe('declare');
  });

  it('leaves a Redis whose life is over, unless it reaches no other for long', () => {
    expect(nextStep('r1', life('r2'), true, 0, false)).toBe('connect anew');
    expect(nextStep('r1', life('r2'), true, SUPERSEDED_MS - 1, false)).toBe('connect anew');
    expect(nextStep('r1', life('r2'), true, SUPERSEDED_MS, false)).toBe('declare');
  });
});

it('a Redis has gone back when it shows a lower count of a life than was seen', () => {
  expect([hasGoneBack(5, 4), hasGoneBack(5, 5), hasGoneBack(5, 6)]).toEqual([true, false, false]);
  // It has lost all of the life, or the server has seen none of it.
  expect([hasGoneBack(5, undefined), hasGoneBack(0, 1)]).toEqual([false, false]);
});

it('a lease holds for its time, and while the store of record does not answer', () => {
  const answered = { askedAtMs: 100, silentAtMs: undefined };
  expect(leaseHolds(answered, 99 + LEASE_MS)).toBe(true);
  expect(leaseHolds(answered, 100 + LEASE_MS)).toBe(false);
  const silent = { askedAtMs: undefined, silentAtMs: 9_000 };
  expect(leaseHolds(silent, 8_999 + LEASE_MS)).toBe(true);
  expect(leaseHolds(silent, 9_000 + LEASE_MS)).toBe(false);
  expect([0, 500, 1_400, 60_000].map(enoughSilenceMs)).toEqual([1_000, 1_500, 4_200, 5_000]);
});

describe('what a server does with an index', () => {
  it('serves when it is whole and of this life, and is adopted from an earlier one', () => {
    expect(assess(whole, state, a)).toBe('serve');
    expect(assess(whole, { ...state, revision: 99 }, a)).toBe('serve');
    expect(assess(whole, state, b)).toBe('adopt');
  });

  it.each([
    ['the mark is revoked', { ...whole, whole: false }, state],
    ['there is none', whole, { epoch: undefined, life: '', revision: 0, players: 0 }],
    ['it is of another epoch', whole, { ...state, epoch: 2 }],
    ['it is of another life than the mark', whole, { ...state, life: b }],
    ['a Redis went back after that life', { ...whole, isDoubtful: true }, state],
    ['it is behind the mark', whole, { ...state, revision: 9 }],
  ])('is built when %s', (_, mark, found) => {
    expect(assess(mark, found, a)).toBe('build');
    expect(assess(mark, found, b)).toBe('build');
  });
});

describe('a confirmation', () => {
  const written: Confirmation = { kind: 'written', life: a, revision: 11 };
  const given: Confirmation = { kind: 'unserved', life: a, epoch: 4 };
  const absent: Confirmation = { kind: 'unserved', life: a, epoch: 0 };

  it('of another life than that of the mark never counts', () => {
    for (const mark of [whole, { ...whole, whole: false }]) {
      for (const confirmation of [written, given, absent]) {
        expect(confirms({ ...confirmation, life: b }, mark)).toBe(false);
        expect(confirms(confirmation, { ...mark, life: undefined })).toBe(false);
      }
    }
  });

  it('counts when the index has the entries, or none can serve that has not', () => {
    expect(confirms(written, whole)).toBe(true);
    expect(confirms(given, whole)).toBe(true);
    expect(confirms({ ...given, epoch: 3 }, whole)).toBe(false);
    expect(confirms(absent, whole)).toBe(false);
    for (const each of [written, given, absent]) {
      expect(confirms(each, { ...whole, whole: false })).toBe(true);
    }
  });
});
