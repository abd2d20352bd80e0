import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { testCaller } from '../../test/support/test-caller.ts';
import { FairSlots } from './fair-slots.js';

it('starts what waits in turn by caller, as long as a slot is free', async () => {
  const slots = new FairSlots(10);
  const started: string[] = [];
  const ends = new Map<string, () => void>();
  const run = (caller: ReturnType<typeof testCaller>, name: string, taken: number) =>
    slots.run(
      caller,
      () => {
        started.push(name);
        return new Promise<void>((resolve) => ends.set(name, resolve));
      },
      taken,
    );
  const greedy = testCaller('reader/greedy');
  const modest = testCaller('reader/modest');
  run(greedy, 'g1', 8);
  run(greedy, 'g2', 8);
  run(greedy, 'g3', 8);
  run(greedy, 'g4', 8);
  run(modest, 'm1', 1);
  run(modest, 'm2', 1);
  expect(started).toEqual(['g1', 'g2']);
  ends.get('g1')?.();
  await setImmediate();
  expect(started).toEqual(['g1', 'g2', 'g3']);
  ends.get('g2')?.();
  await setImmediate();
  // One row of the modest one, and the next large one that was before its second.
  expect(started.slice(3)).toEqual(['m1', 'g4']);
  ends.get('g3')?.();
  ends.get('g4')?.();
  await setImmediate();
  expect(started.slice(5)).toEqual(['m2']);
  expect(slots.waiting).toBe(0);
});
