import { expect, it } from 'vitest';
import { deadlineAfter } from './call-options.js';

it.each([Number.NaN, '250', {}, true, null])('a deadline of %j is refused', (deadlineMs) => {
  expect(() => deadlineAfter(deadlineMs as number)).toThrow(
    expect.objectContaining({ reason: 'INVALID_OPTIONS' }),
  );
});

it.each([1e13, 1e15, Number.MAX_SAFE_INTEGER, Number.MAX_VALUE, Number.POSITIVE_INFINITY])(
  'a deadline of %d ms is none',
  (deadlineMs) => {
    expect(deadlineAfter(deadlineMs)).toBe(Number.POSITIVE_INFINITY);
  },
);
