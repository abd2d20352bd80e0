import { nearestWord } from './nearest-word.js';
import { refuseField } from './refuse-field.js';
import { typeOf } from './require-type.js';
import { invalidOptions } from './rostrum-error.js';

/** The keys of every member of a union, optional ones included. */
type KeyOf<T> = T extends unknown ? keyof T & string : never;

/** What belongs into the options of a call, and is often looked for in the request. */
const OPTIONS: KnownKeys = new Set(['deadlineMs', 'signal', 'onDuplicate']);

/** The keys that an object may have. */
export type KnownKeys = ReadonlySet<string>;

/** Names the keys of a type; the compiler sees to it that none is missing and none is made up. */
export function keysOf<T>(keys: Readonly<Record<KeyOf<T>, true>>): KnownKeys {
  return new Set(Object.keys(keys));
}

/**
 * Refuses a request that is no object or has a key that is not known. For callers without a
 * compiler: a misspelt `submissionId` would be ignored, and a retry of theirs count twice.
 * @param path where the object stands in the request; empty for the request itself
 * @throws INVALID_FIELD naming the key and the one that is probably meant
 */
export function requireKnownKeys(known: KnownKeys, value: object, path = ''): void {
  const fault = faultOf(known, value);
  if (fault === undefined) return;
  const field = [path, fault.key].filter((part) => part !== '').join('.');
  const misplaced = OPTIONS.has(fault.key);
  const description = 'is an option: give it in an object of its own, after the request';
  throw refuseField(field, misplaced ? description : fault.description);
}

/**
 * The same for options of a client, call, stream or watch; none at all are fine.
 * @param path where the object stands in the options, such as `tls`
 * @throws INVALID_OPTIONS
 */
export function requireKnownOptions(
  known: KnownKeys,
  value: object | undefined,
  path = 'options',
): void {
  if (value === undefined) return;
  const fault = faultOf(known, value);
  if (fault === undefined) return;
  const place = [path, fault.key].filter((part) => part !== '').join('.');
  throw invalidOptions(`${place} ${fault.description}`);
}

function faultOf(
  known: KnownKeys,
  value: unknown,
): { readonly key: string; readonly description: string } | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { key: '', description: `must be an object, not ${typeOf(value)}` };
  }
  // Not Object.keys: this runs for every submission, and the loop allocates nothing.
  for (const key in value) {
    if (known.has(key)) continue;
    const meant = nearestWord(key, known);
    const hint =
      meant === undefined ? `known are ${[...known].join(', ')}` : `did you mean ${meant}?`;
    return { key, description: `is not known; ${hint}` };
  }
  return undefined;
}
