import { expect, test } from 'vitest';
import { RostrumError, storeUnavailable } from './errors.js';
import { failureReason, isOutage, outageReason, StoreOutage } from './outage.js';

function failed(code: string, message = 'x'): Error {
  return Object.assign(new Error(message), { code });
}

test('a failure of the network is told in words, with its code', () => {
  expect(failureReason(failed('ECONNREFUSED'))).toBe('nobody listens there (ECONNREFUSED)');
  expect(failureReason(new AggregateError([failed('ENOTFOUND'), failed('ETIMEDOUT')]))).toBe(
    'there is no such host (ENOTFOUND)',
  );
  expect(failureReason(failed('28P01', 'password authentication failed for user "a"'))).toBe(
    'password authentication failed for user "a" (28P01)',
  );
  expect(failureReason(new Error('timeout'))).toBe('timeout');
});

test('a store is to blame for what it fails, and for nothing else', () => {
  const away = storeUnavailable(failed('ECONNREFUSED'));
  expect(isOutage(away)).toBe(true);
  expect(outageReason(away)).toBe('nobody listens there (ECONNREFUSED)');
  expect(outageReason(new StoreOutage('is full'))).toBe('is full');
  expect(isOutage(new RostrumError('OVERLOADED', 'x', { cause: failed('x') }))).toBe(false);
  expect(isOutage(failed('ECONNREFUSED'))).toBe(false);
});
