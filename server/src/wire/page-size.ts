import { invalidField } from '../domain/errors.js';

const DEFAULT_PAGE_SIZE = 50;
const MAX_PAGE_SIZE = 1000;

/** 0 means the default; more than 1000 is lowered to 1000. @throws INVALID_FIELD if negative */
export function parsePageSize(
  value: number,
  field = 'page_size',
  fallback = DEFAULT_PAGE_SIZE,
): number {
  if (value < 0) throw invalidField(field, `${value} must not be negative`);
  return value === 0 ? fallback : Math.min(value, MAX_PAGE_SIZE);
}
