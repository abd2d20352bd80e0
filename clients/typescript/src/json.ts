import { refuseField } from './errors/refuse-field.js';
import { requireType, typeOf } from './errors/require-type.js';

/** A JSON object, as metadata is. Numbers are doubles. */
export interface JsonObject {
  [key: string]: JsonValue;
}

/** A value in JSON. */
export type JsonValue = string | number | boolean | null | JsonValue[] | JsonObject;

/** Deeper than the service takes; what contains itself ends here. */
const MAX_DEPTH = 100;

/**
 * Refuses an object that is more than JSON: the encoder would record a Date or a Map as `{}`, and an
 * object of a class as its fields. A property that is undefined counts as absent.
 * @param field the path of the value in the request, as the caller wrote it
 * @throws INVALID_FIELD with the path of what is wrong
 */
export function requireJsonObject(value: unknown, field: string): void {
  requireType('object', value, field);
  requireJson(value, field, 0);
}

function requireJson(value: unknown, field: string, depth: number): void {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return;
  if (typeof value === 'number') {
    if (Number.isFinite(value)) return;
    throw refuseField(field, `must be a finite number, not ${value}`);
  }
  if (depth > MAX_DEPTH) throw refuseField(field, 'is nested too deeply, or contains itself');
  if (Array.isArray(value)) {
    // Not `forEach`, which passes over the holes of an array.
    for (const [index, item] of value.entries()) requireJson(item, `${field}[${index}]`, depth + 1);
    return;
  }
  if (typeof value !== 'object' || !isPlain(value)) {
    throw refuseField(field, `must be plain JSON, not ${nameOf(value)}`);
  }
  for (const [key, item] of Object.entries(value)) {
    if (item !== undefined) requireJson(item, `${field}.${key}`, depth + 1);
  }
}

/** Also one of another realm, whose Object is another. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Such as `a Date`, `an object of class Map`, `a bigint`. */
function nameOf(value: unknown): string {
  if (typeof value !== 'object' || value === null || value instanceof Date) return typeOf(value);
  const name = value.constructor?.name ?? 'Object';
  return name === 'Object' ? 'an object with a prototype of its own' : `an object of class ${name}`;
}
