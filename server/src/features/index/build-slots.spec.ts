import { expect, test } from 'vitest';
import { type BuildSize, BuildSlots } from './build-slots.js';

/** Works that begin when they get a place, and end when told to. */
class Works {
  readonly slots = new BuildSlots();
  readonly begun: string[] = [];
  readonly #ends = new Map<string, PromiseWithResolvers<void>>();
  readonly #results = new Map<string, Promise<void>>();

  async ask(size: BuildSize, name: string): Promise<void> {
    const end = Promise.withResolvers<void>();
    this.#ends.set(name, end);
    const result = this.slots.run(size, () => {
      this.begun.push(name);
      return end.promise;
    });
    this.#results.set(name, result);
    result.catch(() => {});
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

test('small ones never wait behind large ones', async () => {
  const works = new Works();
  for (const name of ['L1', 'L2']) await works.ask('large', name);
  for (const name of ['s1', 's2', 's3', 's4', 's5']) await works.ask('small', name);
  expect(works.begun).toEqual(['L1', 's1', 's2', 's3', 's4']);
  expect([works.slots.isFree('large'), works.slots.isFree('small'), works.slots.taken]).toEqual([
    false,
    false,
    5,
  ]);
});

test('a place goes to whoever asked first, also after a failure, and is free in the end', async () => {
  const works = new Works();
  for (const name of ['L1', 'L2', 'L3']) await works.ask('large', name);
  await works.end('L1', new Error('lost'));
  expect(works.begun).toEqual(['L1', 'L2']);
  await works.end('L2');
  expect(works.begun).toEqual(['L1', 'L2', 'L3']);
  expect(works.slots.taken).toBe(1);
  await works.end('L3');
  expect([works.slots.isFree('large'), works.slots.taken]).toEqual([true, 0]);
});

test('a work that throws at once gives its place back', async () => {
  const slots = new BuildSlots();
  const thrown = new Error('at once');
  const work = () => {
    throw thrown;
  };
  await expect(slots.run('large', work)).rejects.toBe(thrown);
  expect(slots.taken).toBe(0);
  expect(await slots.run('large', async () => 7)).toBe(7);
});
