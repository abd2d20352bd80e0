/** The names of a generated enum without their common prefix and without `UNSPECIFIED`. */
export type ContractNames<Enum, Prefix extends string> = keyof Enum extends infer Key
  ? Key extends `${Prefix}${infer Name}`
    ? Exclude<Name, 'UNSPECIFIED'>
    : never
  : never;
