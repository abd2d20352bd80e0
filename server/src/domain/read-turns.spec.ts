import { expect, test } from 'vitest';
import { testCaller } from '../../test/support/test-caller.ts';
import type { Caller } from './caller.js';
import { type Asking, ReadTurns } from './read-turns.js';

/** Answers a read when it is told to; keeps which were begun. */
class HeldReader {
  readonly begun: number[] = [];
  #finish: ((error?: Error) => void)[] = [];

  read(number: number): Promise<number> {
    this.begun.push(number);
    return new Promise((resolve, reject) => {
      this.#finish.push((error) => (error ? reject(error) : resolve(number)));
    });
  }

  async finishOne(error?: Error): Promise<void> {
    this.#finish.shift()?.(error);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function start(maxRows: number) {
  const reader = new HeldReader();
  const reads = new ReadTurns(maxRows);
  const ask = (
    connection: Caller,
    number: number,
    count = 92,
    asking: Asking = { connection, cancelled: false },
  ) =>
    reads
      .read(
        asking,
        count,
        () => reader.read(number),
        (read) => read,
      )
      .catch((error: { reason?: string; message: string }) => error.reason ?? error.message);
  return { reader, ask };
}

test('what one identity reads beyond its part waits, and others read at once', async () => {
  const { reader, ask } = start(300);
  const greedy = testCaller('reader/greedy');
  for (let at = 0; at < 10; at += 1) void ask(greedy, at);
  expect(reader.begun).toEqual([0, 1, 2]);
  void ask(testCaller('reader/modest'), 100);
  expect(reader.begun).toEqual([0, 1, 2, 100]);
  await reader.finishOne();
  expect(reader.begun).toEqual([0, 1, 2, 100, 3]);
});

test('connections of an identity take turns, and all is read in the end', async () => {
  const { reader, ask } = start(100);
  const one = testCaller('reader/game');
  const other = testCaller('reader/game', one.of);
  const answers = [
    ...[0, 1, 2, 3].map((at) => ask(one, at)),
    ...[10, 11].map((at) => ask(other, at)),
  ];
  for (let at = 0; at < answers.length; at += 1) await reader.finishOne();
  expect(reader.begun).toEqual([0, 1, 10, 2, 11, 3]);
  expect(await Promise.all(answers)).toEqual([0, 1, 2, 3, 10, 11]);
  expect(one.of.rows).toBe(0);
});

test('a large read is not passed by small ones for ever, and one larger than the bound is let through', async () => {
  const { reader, ask } = start(300);
  const caller = testCaller('reader/game');
  void ask(caller, 0, 292);
  void ask(caller, 1, 992);
  void ask(caller, 2, 1);
  expect(reader.begun).toEqual([0]);
  await reader.finishOne();
  expect(reader.begun).toEqual([0, 1]);
  await reader.finishOne();
  expect(reader.begun).toEqual([0, 1, 2]);
});

test('a read that fails gives its part back; one that nobody waits for is not made', async () => {
  const { reader, ask } = start(100);
  const caller = testCaller('reader/game');
  const failing = ask(caller, 0);
  const call = { connection: caller, cancelled: false };
  const gone = ask(caller, 1, 92, call);
  const last = ask(caller, 2);
  call.cancelled = true;
  await reader.finishOne(new Error('broken'));
  expect(await failing).toBe('broken');
  expect(reader.begun).toEqual([0, 2]);
  expect(await gone).toBe('DEADLINE_EXCEEDED');
  await reader.finishOne();
  expect(await last).toBe(2);
  expect(caller.of.rows).toBe(0);
});
