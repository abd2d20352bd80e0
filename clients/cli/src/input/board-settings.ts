import { InvalidArgumentError, Option } from 'commander';

const AGGREGATIONS = ['BEST', 'LATEST', 'SUM', 'AVERAGE', 'COUNT'] as const;
const ORDERS = {
  desc: 'DESCENDING',
  descending: 'DESCENDING',
  asc: 'ASCENDING',
  ascending: 'ASCENDING',
} as const;

export type AggregationWord = (typeof AGGREGATIONS)[number];
export type OrderWord = (typeof ORDERS)[keyof typeof ORDERS];

/** `--aggregation`: how the submissions of one player make one entry. */
export function aggregationOption(remark: string): Option {
  return new Option('--aggregation <kind>', `best, latest or sum; ${remark}`).argParser(
    (text): AggregationWord => {
      const found = AGGREGATIONS.find((name) => name === text.toUpperCase());
      if (found === undefined) throw new InvalidArgumentError('Give best, latest or sum.');
      return found;
    },
  );
}

/** `--order`: which scores stand higher. */
export function orderOption(remark: string, flag = '--order'): Option {
  return new Option(`${flag} <order>`, `desc (highest first) or asc; ${remark}`).argParser(
    (text): OrderWord => {
      const found = Object.entries(ORDERS).find(([word]) => word === text.toLowerCase());
      if (found === undefined) throw new InvalidArgumentError('Give desc or asc.');
      return found[1];
    },
  );
}
