import { readFileSync } from 'node:fs';
import { isObject, type Json } from './json.ts';

/** Names that a case may use, and what they stand for. */
export type Scope = ReadonlyMap<string, Json>;

/**
 * Fills in what stands for something: `${name}` in a text, or as the whole text for the value itself,
 * `{ $repeat: [text, times] }` for a long text, `{ $list: { count, item } }` for a long list, in whose items `${i}`
 * counts from 0, `{ $file: path }` for the text of a file.
 *
 * @throws Error if a name is not known
 */
export function fillIn(value: Json, scope: Scope): Json {
  if (typeof value === 'string') return fillInText(value, scope);
  if (Array.isArray(value)) return value.map((item) => fillIn(item, scope));
  if (!isObject(value)) return value;
  if (value.$repeat !== undefined) {
    const [text, times] = value.$repeat as readonly [string, number];
    return text.repeat(times);
  }
  if (value.$file !== undefined) {
    return readFileSync(String(fillIn(value.$file, scope)), 'utf8');
  }
  if (value.$list !== undefined) {
    const { count, item } = value.$list as { count: number; item: Json };
    return Array.from({ length: count }, (_, i) => fillIn(item, new Map([...scope, ['i', i]])));
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, fillIn(item as Json, scope)]),
  );
}

function fillInText(text: string, scope: Scope): Json {
  const whole = /^\$\{([^}]+)\}$/.exec(text)?.[1];
  if (whole !== undefined) return lookUp(whole, scope);
  return text.replace(/\$\{([^}]+)\}/g, (_, name: string) => String(lookUp(name, scope)));
}

function lookUp(name: string, scope: Scope): Json {
  const value = scope.get(name);
  if (value === undefined)
    throw new Error(`nothing is called ${name}: ${[...scope.keys()].join(', ')}`);
  return value;
}
