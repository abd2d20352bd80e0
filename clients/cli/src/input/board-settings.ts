import type { Aggregation, SortOrder } from '@rostrum/client';
import { InvalidArgumentError, Option } from 'commander';

/** The compiler sees to it that none is missing. */
const AGGREGATIONS: { readonly [Name in Aggregation as Lowercase<Name>]: Name } = {
  best: 'BEST',
  latest: 'LATEST',
  sum: 'SUM',
};
const AGGREGATION_WORDS = Object.keys(AGGREGATIONS).join(', ');
const ORDERS: Readonly<Record<string, SortOrder>> = {
  desc: 'DESCENDING',
  descending: 'DESCENDING',
  asc: 'ASCENDING',
  ascending: 'ASCENDING',
};

/** `--aggregation`: how the submissions of one player make one entry. */
export function aggregationOption(remark: string): Option {
  return new Option('--aggregation <kind>', `one of ${AGGREGATION_WORDS}; ${remark}`).argParser(
    (text): Aggregation => {
      const found = Object.values(AGGREGATIONS).find((name) => name === text.toUpperCase());
      if (found === undefined) throw new InvalidArgumentError(`Give one of ${AGGREGATION_WORDS}.`);
      return found;
    },
  );
}

/** `--order`: which scores stand higher. */
export function orderOption(remark: string, flag = '--order'): Option {
  return new Option(`${flag} <order>`, `desc (highest first) or asc; ${remark}`).argParser(
    (text): SortOrder => {
      const found = Object.entries(ORDERS).find(([word]) => word === text.toLowerCase());
      if (found === undefined) throw new InvalidArgumentError('Give desc or asc.');
      return found[1];
    },
  );
}
