import { expect, it } from 'vitest';
import { requireStrings, requireType } from './require-type.js';

it('lets values of the type through, also those that only the service can judge', () => {
  for (const value of [0, -0, Number.NaN, 2 ** 60]) requireType('number', value, 'f');
  for (const value of ['', '../etc']) requireType('string', value, 'f');
  requireType('object', {}, 'f');
  requireType('Date', new Date(0), 'f');
  requireStrings([], 'f');
});

it.each([
  ['number', '12', 'must be a number, not a string'],
  ['number', '', 'must be a number, not a string'],
  ['number', null, 'must be a number, not null'],
  ['number', undefined, 'must be a number, not undefined'],
  ['number', true, 'must be a number, not a boolean'],
  ['number', [7], 'must be a number, not an array'],
  ['number', new Date(5), 'must be a number, not a Date'],
  ['number', 5n, 'must be a number, not a bigint'],
  ['number', Object.create(null), 'must be a number, not an object'],
  ['string', 5, 'must be a string, not a number'],
  ['object', '{}', 'must be an object, not a string'],
  ['object', null, 'must be an object, not null'],
  ['object', [], 'must be an object, not an array'],
  ['Date', '2026-11-20', 'must be a Date, not a string'],
  ['Date', new Date('never'), 'must be a Date, not an invalid Date'],
] as const)('wants a %s and refuses %o', (type, value, description) => {
  expect(() => requireType(type, value, 'a.b')).toThrow(
    expect.objectContaining({
      code: 'INVALID_ARGUMENT',
      reason: 'INVALID_FIELD',
      message: `a.b: ${description}`,
      fieldViolations: [{ field: 'a.b', description }],
    }),
  );
});

it('names the place in a list', () => {
  expect(() => requireStrings(['a', 5], 'playerIds')).toThrow(
    'playerIds[1]: must be a string, not a number',
  );
});
