import { toFieldPath } from './field-names.js';
import { refuseField } from './refuse-field.js';

/** The UTF-8 of U+FFFD, which the encoder writes for half of a surrogate pair. */
const REPLACEMENT = Buffer.from('\ufffd');

/** The maps of the contract, whose keys the caller chose. */
const MAPS = new Set(['metadata', 'segments']);

/**
 * Refuses a request of which a string, or a key of its metadata, has half of a surrogate pair, as a text has
 * that was cut in the middle of an emoji. UTF-8 has nothing for it: another text would be recorded silently.
 * @param request as it was given to the encoder
 * @param encoded what the encoder made of it
 * @throws INVALID_FIELD naming the first such string
 */
export function requireWellFormed(request: unknown, encoded: Buffer): void {
  // Looked for in the bytes first, and its first byte before: nearly every request passes by that alone, without a
  // visit to its strings.
  if (!encoded.includes(0xef) || !encoded.includes(REPLACEMENT)) return;
  const path = findIllFormed(request, '', false);
  if (path === undefined) return;
  const description =
    'must be well-formed text, not one with half of a surrogate pair, as one that was cut in the middle of a character';
  throw refuseField(path.toWellFormed(), description);
}

/**
 * The path of the first string that is not well-formed, as the caller wrote it.
 * @param path of the value, as the contract names it
 * @param inMap whether the path goes through a map: from there on it is the caller's already
 */
function findIllFormed(value: unknown, path: string, inMap: boolean): string | undefined {
  if (typeof value === 'string') {
    if (value.isWellFormed()) return undefined;
    return inMap ? path : toFieldPath(path);
  }
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return undefined;
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      const found = findIllFormed(item, `${path}[${index}]`, inMap);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  for (const [key, item] of Object.entries(value)) {
    const found = findInField(key, item, path, inMap);
    if (found !== undefined) return found;
  }
  return undefined;
}

function findInField(key: string, item: unknown, path: string, inMap: boolean): string | undefined {
  const prefix = path === '' ? '' : `${path}.`;
  if (inMap) {
    const at = `${prefix}${key}`;
    return key.isWellFormed() ? findIllFormed(item, at, true) : at;
  }
  // One of several fields: the contract knows it by its own name, and not by that of the group.
  if (isChoice(item)) return findInField(item.$case, item.value, path, false);
  const at = `${prefix}${key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`;
  return MAPS.has(key)
    ? findIllFormed(item, toFieldPath(at), true)
    : findIllFormed(item, at, false);
}

function isChoice(value: unknown): value is { readonly $case: string; readonly value: unknown } {
  return typeof value === 'object' && value !== null && '$case' in value;
}
