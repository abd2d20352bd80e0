import { expect, test } from 'vitest';
import { testCaller } from '../../test/support/test-caller.ts';
import { HeldPlaces } from './held-places.js';

test('one identity gets nearly all places, and another always finds one', async () => {
  const places = new HeldPlaces(10, 'creations', 'boards wait');
  const end = Promise.withResolvers<string>();
  const greedy = testCaller('writer/greedy');
  const other = { ...testCaller(), of: greedy.of };
  const held = Array.from({ length: 9 }, (_, at) =>
    places.hold(at < 5 ? greedy : other, () => end.promise),
  );
  for (const caller of [greedy, other]) {
    await expect(places.hold(caller, async () => {})).rejects.toMatchObject({
      reason: 'OVERLOADED',
      message: expect.stringMatching(/^as many boards wait/),
    });
  }
  expect([greedy.creations, other.creations, greedy.of.creations, greedy.of.refused]).toEqual([
    5, 4, 9, 2,
  ]);
  expect(await places.hold(testCaller('writer/modest'), async () => 'held')).toBe('held');
  end.resolve('ended');
  expect(new Set(await Promise.all(held))).toEqual(new Set(['ended']));
  expect([greedy.creations, greedy.of.creations]).toEqual([0, 0]);
});

test('a place is free again after a task that failed', async () => {
  const places = new HeldPlaces(1, 'verifications', 'verifications are open');
  const caller = testCaller();
  const fail = () => places.hold(caller, () => Promise.reject(new Error('no')));
  await expect(fail()).rejects.toThrow('no');
  await expect(fail()).rejects.toThrow('no');
});
