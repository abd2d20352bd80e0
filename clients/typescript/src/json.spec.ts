import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { requireJsonObject } from './json.js';

class Replay {
  constructor(readonly id: string) {}
}

it('lets plain JSON through, also of another realm', () => {
  const values = {
    text: 'a',
    number: -0.5,
    yes: true,
    no: null,
    list: [1, ['b', {}]],
    deep: { a: {} },
  };
  requireJsonObject(values, 'metadata');
  requireJsonObject({ given: 1, absent: undefined }, 'metadata');
  requireJsonObject(Object.assign(Object.create(null), { a: 1 }), 'metadata');
  requireJsonObject(runInNewContext('({ a: [1, { b: 2 }] })'), 'metadata');
});

const circle: Record<string, unknown> = {};
circle.a = circle;

it.each([
  [new Date(0), 'metadata', 'must be plain JSON, not a Date'],
  [[], 'metadata', 'must be an object, not an array'],
  [new Map([['a', 1]]), 'metadata', 'must be plain JSON, not an object of class Map'],
  [new Replay('r'), 'metadata', 'must be plain JSON, not an object of class Replay'],
  [{ at: new Date(0) }, 'metadata.at', 'must be plain JSON, not a Date'],
  [{ a: [{ b: new Map() }] }, 'metadata.a[0].b', 'must be plain JSON, not an object of class Map'],
  [{ a: Buffer.from('h') }, 'metadata.a', 'must be plain JSON, not an object of class Buffer'],
  [{ a: new Uint8Array(1) }, 'metadata.a', 'must be plain JSON, not an object of class Uint8Array'],
  [{ a: new Number(5) }, 'metadata.a', 'must be plain JSON, not an object of class Number'],
  [{ a: 5n }, 'metadata.a', 'must be plain JSON, not a bigint'],
  [{ a: () => 1 }, 'metadata.a', 'must be plain JSON, not a function'],
  [{ a: Symbol('a') }, 'metadata.a', 'must be plain JSON, not a symbol'],
  [{ a: Number.NaN }, 'metadata.a', 'must be a finite number, not NaN'],
  [{ a: [1, undefined] }, 'metadata.a[1]', 'must be plain JSON, not undefined'],
  [
    { a: Object.create({ b: 1 }) },
    'metadata.a',
    'must be plain JSON, not an object with a prototype of its own',
  ],
] as const)('refuses %o', (value, field, description) => {
  expect(() => requireJsonObject(value, 'metadata')).toThrow(
    expect.objectContaining({ reason: 'INVALID_FIELD', fieldViolations: [{ field, description }] }),
  );
});

it('refuses what contains itself', () => {
  expect(() => requireJsonObject(circle, 'metadata')).toThrow('contains itself');
});
