import { expect, expectTypeOf, it } from 'vitest';
import type { ErrorReason } from './rostrum-error.js';
import { isRostrumError, RostrumError } from './rostrum-error.js';

const missing: unknown = new RostrumError('NOT_FOUND', 'STANDING_NOT_FOUND', 'gone');

it('is of the reason that was asked for, to the compiler too', () => {
  if (!isRostrumError(missing, 'STANDING_NOT_FOUND')) throw new Error('it is');
  expectTypeOf(missing).toExtend<RostrumError>();
  expectTypeOf(missing.reason).toEqualTypeOf<'STANDING_NOT_FOUND'>();
  expect(missing.reason).toBe('STANDING_NOT_FOUND');
});

it('is of one of several reasons', () => {
  if (!isRostrumError(missing, 'OVERLOADED', 'STANDING_NOT_FOUND')) throw new Error('it is');
  expectTypeOf(missing.reason).toEqualTypeOf<'OVERLOADED' | 'STANDING_NOT_FOUND'>();
  switch (missing.reason) {
    case 'OVERLOADED':
    case 'STANDING_NOT_FOUND':
      return;
    default:
      expectTypeOf(missing.reason).toEqualTypeOf<never>();
  }
});

it('may be of any reason, or of none, when none is asked for', () => {
  if (!isRostrumError(missing)) throw new Error('it is');
  expectTypeOf(missing.reason).toEqualTypeOf<ErrorReason | undefined>();
  expect(isRostrumError(new Error('gone'))).toBe(false);
  expect(isRostrumError(new RostrumError('UNKNOWN', undefined, 'x'), 'OVERLOADED')).toBe(false);
});

it('has no reason that does not exist', () => {
  // @ts-expect-error: a typing error
  expect(isRostrumError(missing, 'STANDING_NOT_FUOND')).toBe(false);
});
