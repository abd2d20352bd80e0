/** The names of a generated enum without their common prefix and without `UNSPECIFIED`. */
export type EnumNames<Enum, Prefix extends string> = keyof Enum extends infer Key
  ? Key extends `${Prefix}${infer Name}`
    ? Exclude<Name, 'UNSPECIFIED'>
    : never
  : never;

/** The value of a generated enum by its name without prefix; 0, the default, for undefined. */
export function enumValue<Enum extends Record<string, string | number>>(
  enumeration: Enum,
  prefix: string,
  name: string | undefined,
): Enum[keyof Enum] {
  // A name that the types forbid becomes a number that no contract uses: the service refuses it.
  const value = name === undefined ? 0 : (enumeration[prefix + name] ?? -1);
  return value as Enum[keyof Enum];
}

/** The name of a generated enum's value without prefix; `UNKNOWN` for a newer server's values. */
export function enumName<Name extends string>(
  enumeration: Record<number, string>,
  prefix: string,
  value: number,
): Name | 'UNKNOWN' {
  const name = value === 0 ? undefined : enumeration[value];
  return name === undefined ? 'UNKNOWN' : (name.slice(prefix.length) as Name);
}
