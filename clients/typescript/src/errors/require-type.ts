import { refuseField } from './refuse-field.js';

/** `object` is a plain one: neither null nor an array. */
type TypeName = 'string' | 'number' | 'object' | 'array' | 'Date';

/**
 * Refuses a value that is not of its type. For callers without a compiler: the encoder would
 * convert it, and record a `null` as a score of 0 or a number as an id.
 * @param field the path of the value in the request, as the caller wrote it
 * @throws INVALID_FIELD naming the field and the type of the value
 */
export function requireType(type: TypeName, value: unknown, field: string): void {
  if (isOfType(type, value)) return;
  throw refuseField(field, `must be ${withArticle(type)}, not ${typeOf(value)}`);
}

/** As `requireType`, for an array and each string of it. */
export function requireStrings(values: readonly unknown[], field: string): void {
  requireType('array', values, field);
  for (const [index, value] of values.entries()) requireType('string', value, `${field}[${index}]`);
}

function isOfType(type: TypeName, value: unknown): boolean {
  switch (type) {
    case 'Date':
      return value instanceof Date && !Number.isNaN(value.getTime());
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
    case 'array':
      return Array.isArray(value);
    case 'string':
      return typeof value === 'string';
    case 'number':
      return typeof value === 'number';
  }
}

/** What a value is, in words: `a number`, `null`. */
export function typeOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'an invalid Date' : 'a Date';
  return withArticle(Array.isArray(value) ? 'array' : typeof value);
}

function withArticle(name: string): string {
  return `${/^[aeiou]/.test(name) ? 'an' : 'a'} ${name}`;
}
