import { expect, test } from 'vitest';
import { Allotment } from './allotment.js';

const ALL = Number.POSITIVE_INFINITY;

/** Everybody takes a place in turn, as long as it gets one. */
function takeAll(allotment: Allotment, identities: number): number[] {
  const held = new Array<number>(identities).fill(0);
  for (let took = true; took; ) {
    took = false;
    held.forEach((each, at) => {
      if (!allotment.mayTake(each)) return;
      allotment.take();
      held[at] = each + 1;
      took = true;
    });
  }
  return held;
}

test.for([1, 2, 5, 9])('however much %i take, they get the same and a newcomer finds some', (n) => {
  const allotment = new Allotment(1_000, { share: 0.9, most: ALL });
  const held = takeAll(allotment, n);
  expect(Math.max(...held) - Math.min(...held)).toBeLessThanOrEqual(1);
  expect(allotment.used).toBeGreaterThanOrEqual(890);
  expect(allotment.mayTake(0)).toBe(true);
});

test('who came first gets no more than who comes later, once it gives something back', () => {
  const allotment = new Allotment(1_000, { share: 0.9, most: ALL });
  const [first = 0] = takeAll(allotment, 1);
  expect(first).toBe(900);
  const [second = 0] = takeAll(allotment, 1);
  expect(second).toBe(90);
  allotment.release(50);
  expect(allotment.mayTake(850)).toBe(false);
  expect(allotment.mayTake(second)).toBe(true);
});

test('a number is a limit whatever is free', () => {
  expect(takeAll(new Allotment(1_000, { share: 1, most: 3 }), 2)).toEqual([3, 3]);
});

test('one place can be had, and never more than there are', () => {
  expect(takeAll(new Allotment(1, { share: 0.5, most: ALL }), 1)).toEqual([1]);
  expect(takeAll(new Allotment(3, { share: 1, most: ALL }), 2)).toEqual([2, 1]);
});

test('a connection may hold a share of what the others of its identity leave', () => {
  const allotment = new Allotment(1_000, { share: 0.9, most: ALL });
  let held = 0;
  while (allotment.connectionMayTake(held, held)) {
    allotment.take();
    held += 1;
  }
  expect(held).toBe(810);
  expect(allotment.connectionMayTake(0, held)).toBe(true);
});
