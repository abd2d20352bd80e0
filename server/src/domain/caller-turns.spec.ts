import { expect, test } from 'vitest';
import { testCaller } from '../../test/support/test-caller.ts';
import type { Caller } from './caller.js';
import { CallerTurns } from './caller-turns.js';

interface Item {
  readonly caller: Caller;
  readonly name: string;
}

function turnsOf(items: readonly Item[]): CallerTurns<Item> {
  const turns = new CallerTurns<Item>();
  for (const item of items) turns.add(item);
  return turns;
}

function takeAll(turns: CallerTurns<Item>): string {
  const names: string[] = [];
  for (let item = turns.next(); item !== undefined; item = turns.next()) names.push(item.name);
  expect(turns.size).toBe(0);
  return names.join(' ');
}

function items(caller: Caller, name: string, count: number): Item[] {
  return Array.from({ length: count }, (_, at) => ({ caller, name: `${name}${at}` }));
}

const one = testCaller('writer/one');
const otherOfOne = testCaller('writer/one', one.of);
const two = testCaller('writer/two');
const three = testCaller('writer/three');

test('one caller alone is served in the order of arrival', () => {
  expect(takeAll(turnsOf(items(one, 'a', 4)))).toBe('a0 a1 a2 a3');
});

test('identities take turns, and those whose things are all taken fall out', () => {
  const turns = turnsOf([...items(one, 'a', 4), ...items(two, 'b', 1), ...items(three, 'c', 2)]);
  expect(takeAll(turns)).toBe('a0 b0 c0 a1 c1 a2 a3');
});

test('many connections get an identity no more turns than one', () => {
  const turns = turnsOf([
    ...items(one, 'a', 3),
    ...items(otherOfOne, 'A', 3),
    ...items(two, 'b', 4),
  ]);
  expect(takeAll(turns)).toBe('a0 b0 A0 b1 a1 b2 A1 b3 a2 A2');
});

test('who comes later has a turn in the next round', () => {
  const turns = turnsOf([...items(one, 'a', 3), ...items(two, 'b', 3)]);
  expect(turns.next()?.name).toBe('a0');
  for (const item of items(three, 'c', 2)) turns.add(item);
  expect(takeAll(turns)).toBe('b0 a1 c0 b1 a2 c1 b2');
});

test('what is put back is first again', () => {
  const turns = turnsOf([...items(one, 'a', 3), ...items(two, 'b', 1)]);
  const taken = [turns.next(), turns.next(), turns.next()] as Item[];
  expect(taken.map(({ name }) => name)).toEqual(['a0', 'b0', 'a1']);
  for (const item of taken.toReversed()) turns.putBack(item);
  expect(turns.size).toBe(4);
  expect(
    takeAll(turns)
      .split(' ')
      .filter((name) => name.startsWith('a')),
  ).toEqual(['a0', 'a1', 'a2']);
});

test('the order of a connection holds through long lines', () => {
  const turns = turnsOf(items(one, 'a', 5_000));
  const names: string[] = [];
  for (let at = 0; at < 10_000; at += 1) {
    if (at % 2 === 0) turns.add({ caller: one, name: `a${5_000 + at / 2}` });
    names.push(turns.next()?.name ?? '');
  }
  expect(names).toEqual(Array.from({ length: 10_000 }, (_, at) => `a${at}`));
  expect(turns.size).toBe(0);
});
