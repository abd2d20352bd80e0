import type { Aggregation, SortOrder } from '@rostrum/client';
import { InvalidArgumentError, Option } from 'commander';

const AGGREGATIONS: readonly Aggregation[] = ['BEST', 'LATEST', 'SUM'];
const ORDERS: Readonly<Record<string, SortOrder>> = {
  desc: 'DESCENDING',
  descending: 'DESCENDING',
  asc: 'ASCENDING',
  ascending: 'ASCENDING',
};

/** `--aggregation`: how the submissions of one player make one entry. */
export function aggregationOption(remark: string): Option {
  return new Option('--aggregation <kind>', `best, latest or sum; ${remark}`).argParser(
    (text): Aggregation => {
      const found = AGGREGATIONS.find((name) => name === text.toUpperCase());
      if (found === undefined) throw new InvalidArgumentError('Give best, latest or sum.');
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
