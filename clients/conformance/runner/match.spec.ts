import { describe, expect, it } from 'vitest';
import type { Json } from './json.ts';
import { difference, valueAt } from './match.ts';

describe('a value is as a case expects it', () => {
  it.each<[Json | undefined, Json]>([
    [{ a: 1, more: true }, { a: 1 }],
    [{ revision: '7' }, { revision: 7 }],
    [{}, { ranked: false, submissions: 0, displayName: '' }],
    [{}, { standings: [] }],
    [undefined, {}],
    [[{ a: 1, b: 2 }], [{ b: 2 }]],
    [JSON.parse('{"__proto__":"v"}') as Json, JSON.parse('{"__proto__":"v"}') as Json],
    [{ a: 3 }, { a: { $above: 2 } }],
    [{ text: 'no file nobody.crt' }, { text: { $match: 'nobody\\.crt' } }],
    [{}, { error: { $absent: true } }],
    ['b', { $oneOf: ['a', 'b'] }],
    [[1, 2], { $length: 2 }],
    [[1, 2], { $some: 2 }],
    [[{ a: 1, b: 2 }, { a: 1 }], { $all: { a: 1 } }],
    [1.05, { $near: [1, 0.1] }],
    ['a', { $not: 'b' }],
  ])('%j is %j', (actual, expected) => {
    expect(difference(actual, expected)).toBeUndefined();
  });
});

describe('what differs is told', () => {
  it.each<[Json | undefined, Json, string]>([
    [{ a: 1 }, { a: 2 }, 'a is 1, not 2'],
    [{ a: { b: 'x' } }, { a: { b: 'y' } }, 'a.b is "x", not "y"'],
    [{}, { ranked: true }, 'ranked is undefined, not true'],
    [{}, { score: { $any: true } }, 'score is undefined, not $any true'],
    [{}, { constructor: { $any: true } }, 'constructor is undefined'],
    [{ list: [1, 2] }, { list: [1] }, 'list has 2 items, not 1'],
    [{ list: [{ a: 1 }] }, { list: [{ a: 2 }] }, 'list[0].a is 1, not 2'],
    [{ error: {} }, { error: { $absent: true } }, 'error is {}, not $absent true'],
    [{ a: 0 }, { a: { $above: 0 } }, 'a is 0, not $above 0'],
    [[1, 2], { $some: 3 }, 'not $some 3'],
    [[1, 2], { $all: 1 }, 'not $all 1'],
    [[], { $all: 1 }, 'not $all 1'],
    [{ metadata: {} }, JSON.parse('{"metadata":{"__proto__":"v"}}') as Json, 'metadata.__proto__'],
  ])('%j is not %j', (actual, expected, text) => {
    expect(difference(actual, expected)).toContain(text);
  });

  it('and a rule that there is not is a mistake of the case', () => {
    expect(() => difference(1, { $more: 0 })).toThrow('$more');
  });
});

it('finds a value by its path, or says that there is none', () => {
  expect(valueAt({ standings: [{ playerId: 'a' }] }, 'standings.0.playerId')).toBe('a');
  expect(() => valueAt({ standings: [] }, 'standings.0.playerId')).toThrow('standings.0.playerId');
});
