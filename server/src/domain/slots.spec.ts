import { expect, test } from 'vitest';
import { Slots } from './slots.js';

/** Tasks that begin when they get a slot, and end when told to. */
class Tasks {
  readonly slots: Slots;
  readonly begun: string[] = [];
  readonly #ends = new Map<string, PromiseWithResolvers<void>>();
  readonly #results = new Map<string, Promise<void>>();

  constructor(slots: number) {
    this.slots = new Slots(slots);
  }

  async ask(...names: string[]): Promise<void> {
    for (const name of names) {
      const end = Promise.withResolvers<void>();
      this.#ends.set(name, end);
      const result = this.slots.run(() => {
        this.begun.push(name);
        return end.promise;
      });
      this.#results.set(name, result);
      result.catch(() => {});
    }
    await settle();
  }

  async end(name: string, error?: Error): Promise<void> {
    const end = this.#ends.get(name);
    if (error === undefined) end?.resolve();
    else end?.reject(error);
    await this.#results.get(name)?.catch((thrown: unknown) => expect(thrown).toBe(error));
    await settle();
  }
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

test('no more tasks run than there are slots', async () => {
  const tasks = new Tasks(4);
  await tasks.ask('1', '2', '3');
  expect([tasks.slots.isFree, tasks.slots.taken, tasks.slots.load]).toEqual([true, 3, 0.75]);
  await tasks.ask('4', '5', '6');
  expect(tasks.begun).toEqual(['1', '2', '3', '4']);
  expect([tasks.slots.isFree, tasks.slots.taken, tasks.slots.load]).toEqual([false, 4, 1.5]);
});

test('a slot goes to whoever asked first, also after a failure, and is free in the end', async () => {
  const tasks = new Tasks(1);
  await tasks.ask('1', '2', '3');
  await tasks.end('1', new Error('lost'));
  expect(tasks.begun).toEqual(['1', '2']);
  await tasks.end('2');
  expect(tasks.begun).toEqual(['1', '2', '3']);
  expect(tasks.slots.taken).toBe(1);
  await tasks.end('3');
  expect([tasks.slots.isFree, tasks.slots.taken]).toEqual([true, 0]);
});

test('a task that throws at once gives its slot back', async () => {
  const slots = new Slots(1);
  const thrown = new Error('at once');
  const task = () => {
    throw thrown;
  };
  await expect(slots.run(task)).rejects.toBe(thrown);
  expect(slots.taken).toBe(0);
  expect(await slots.run(async () => 7)).toBe(7);
});
