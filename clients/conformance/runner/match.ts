import { isObject, type Json, type JsonObject } from './json.ts';

/**
 * How a value differs from what a case expects of it; undefined if it does not. An object must have what the
 * expected one has, and may have more; a list must have as many items. A default value of Protobuf may be left out.
 * A 64-bit integer may be a number or a string. Instead of a value, an object with one of these keys says what
 * must hold: `$any`, `$absent`, `$match` (a regular expression), `$above`, `$below`, `$near` ([value, tolerance]),
 * `$oneOf`, `$length`, `$some` (of a list, one item), `$all` (each of them, and there are some), `$not`.
 */
export function difference(
  actual: Json | undefined,
  expected: Json,
  path = '',
): string | undefined {
  const at = path === '' ? 'the answer' : path;
  const tell = (what: string) => `${at} is ${JSON.stringify(actual)}, not ${what}`;
  if (isObject(expected)) {
    const rule = Object.keys(expected).find((key) => key.startsWith('$'));
    if (rule !== undefined) {
      const operand = expected[rule] as Json;
      const check = RULES[rule];
      if (check === undefined) throw new Error(`${at}: there is no rule ${rule}`);
      return check(actual, operand) ? undefined : tell(`${rule} ${JSON.stringify(operand)}`);
    }
    if (actual === undefined && Object.keys(expected).length === 0) return undefined;
    if (!isObject(actual)) return tell(JSON.stringify(expected));
    for (const [key, value] of Object.entries(expected)) {
      const own = Object.hasOwn(actual, key) ? actual[key] : undefined;
      const below = difference(own, value as Json, path === '' ? key : `${path}.${key}`);
      if (below !== undefined) return below;
    }
    return undefined;
  }
  if (Array.isArray(expected)) {
    const items = (actual ?? []) as readonly Json[];
    if (!Array.isArray(items)) return tell('a list');
    if (items.length !== expected.length) {
      return `${at} has ${items.length} items, not ${expected.length}: ${JSON.stringify(items)}`;
    }
    for (const [index, value] of expected.entries()) {
      const below = difference(items[index], value, `${at}[${index}]`);
      if (below !== undefined) return below;
    }
    return undefined;
  }
  return isSame(actual, expected) ? undefined : tell(JSON.stringify(expected));
}

function isSame(actual: Json | undefined, expected: Json): boolean {
  if (actual === undefined) return expected === 0 || expected === '' || expected === false;
  if (typeof expected === 'number' && typeof actual === 'string')
    return actual === String(expected);
  if (typeof expected === 'string' && typeof actual === 'number')
    return String(actual) === expected;
  return actual === expected;
}

const RULES: Readonly<Record<string, (actual: Json | undefined, operand: Json) => boolean>> = {
  $any: (actual) => actual !== undefined,
  $absent: (actual) => actual === undefined,
  $match: (actual, pattern) => new RegExp(String(pattern), 's').test(String(actual)),
  $above: (actual, least) => Number(actual ?? 0) > Number(least),
  $below: (actual, most) => Number(actual ?? 0) < Number(most),
  $near: (actual, range) => {
    const [value, tolerance] = range as readonly number[];
    return Math.abs(Number(actual ?? 0) - Number(value)) <= Number(tolerance);
  },
  $oneOf: (actual, values) =>
    (values as readonly Json[]).some((value) => difference(actual, value) === undefined),
  $some: (actual, item) =>
    ((actual ?? []) as readonly Json[]).some((each) => difference(each, item) === undefined),
  $all: (actual, item) => {
    const items = (actual ?? []) as readonly Json[];
    return items.length > 0 && items.every((each) => difference(each, item) === undefined);
  },
  $length: (actual, length) => ((actual ?? []) as readonly Json[]).length === length,
  $not: (actual, value) => difference(actual, value) !== undefined,
};

/** The value at a path such as `standings.0.playerId`. @throws Error if there is none */
export function valueAt(from: Json, path: string): Json {
  let value: Json | undefined = from;
  for (const key of path === '' ? [] : path.split('.')) {
    value = Array.isArray(value) ? value[Number(key)] : (value as JsonObject | undefined)?.[key];
  }
  if (value === undefined) throw new Error(`there is no ${path} in ${JSON.stringify(from)}`);
  return value;
}
