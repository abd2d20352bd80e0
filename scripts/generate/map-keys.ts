/** An assignment by key, as ts-proto writes it wherever it fills a map. */
const ASSIGNMENT = /^(\s*)([\w.]+)\[([\w.]+)\] = (.+);$/gm;

const SET_OWN = `
/** As map[key] = value, but that "__proto__" becomes a key like every other, as in JSON.parse. */
function setOwn(map: any, key: any, value: any): void {
  if (key === "__proto__") {
    globalThis.Object.defineProperty(map, key, { value, writable: true, enumerable: true, configurable: true });
  } else {
    map[key] = value;
  }
}
`;

/** The two lines that decide what a value of a `google.protobuf.Struct` that says nothing is. */
const UNWRAPPED_VALUE = '(message.kind?.$case === "nullValue") ? null : message.kind?.value';
const BASE_ENTRY = '{ key: "", value: undefined }';

/**
 * Stubs that keep every key of a map.
 *
 * ts-proto keeps maps in plain objects, where assigning to `__proto__` sets the prototype: the key is
 * lost, and what is behind it neither seen by checks nor counted. Its other kind of map, `Map`, does not
 * help: it turns a `google.protobuf.Struct` into a plain object all the same. And a Struct's value
 * without a kind, which Python makes of `struct.fields["key"]`, is left out of objects and null in lists;
 * here it is null in both.
 */
export function keepMapKeys(stubs: string): string {
  const kept = stubs
    .replace(ASSIGNMENT, '$1setOwn($2, $3, $4);')
    .replace(UNWRAPPED_VALUE, `${UNWRAPPED_VALUE} ?? null`)
    .replace(BASE_ENTRY, '{ key: "", value: null }');
  return kept.includes('setOwn(') ? kept + SET_OWN : kept;
}
