import { invalidField, notSupported } from '../domain/errors.js';
import { Aggregation, type LeaderboardSettings, SortOrder } from '../domain/leaderboard.js';
import {
  Aggregation as AggregationMessage,
  SortOrder as SortOrderMessage,
} from '../gen/rostrum/v1/leaderboard.js';

/** The settings in a request; unspecified ones have their defaults. */
export interface SettingsMessage {
  readonly aggregation: AggregationMessage;
  readonly sortOrder: SortOrderMessage;
  readonly subscoreSortOrder: SortOrderMessage;
}

/** @throws INVALID_FIELD, NOT_SUPPORTED, with field paths below `path` */
export function parseSettings(message: SettingsMessage, path: string): LeaderboardSettings {
  const sortOrder = parseSortOrder(message.sortOrder, `${path}.sort_order`, SortOrder.DESCENDING);
  return {
    aggregation: parseAggregation(message.aggregation, `${path}.aggregation`),
    sortOrder,
    subscoreSortOrder: parseSortOrder(
      message.subscoreSortOrder,
      `${path}.subscore_sort_order`,
      sortOrder,
    ),
  };
}

export function parseAggregation(value: AggregationMessage, field: string): Aggregation {
  switch (value) {
    case AggregationMessage.AGGREGATION_UNSPECIFIED:
    case AggregationMessage.AGGREGATION_BEST:
      return Aggregation.BEST;
    case AggregationMessage.AGGREGATION_LATEST:
      return Aggregation.LATEST;
    case AggregationMessage.AGGREGATION_SUM:
      return Aggregation.SUM;
    case AggregationMessage.AGGREGATION_AVERAGE:
    case AggregationMessage.AGGREGATION_COUNT:
      throw notSupported(field, 'AVERAGE and COUNT are planned and not supported yet');
    default:
      throw unknownValue(field, value);
  }
}

export function parseSortOrder<Unspecified>(
  value: SortOrderMessage,
  field: string,
  unspecified: Unspecified,
): SortOrder | Unspecified {
  switch (value) {
    case SortOrderMessage.SORT_ORDER_UNSPECIFIED:
      return unspecified;
    case SortOrderMessage.SORT_ORDER_DESCENDING:
      return SortOrder.DESCENDING;
    case SortOrderMessage.SORT_ORDER_ASCENDING:
      return SortOrder.ASCENDING;
    default:
      throw unknownValue(field, value);
  }
}

/** For a number from a newer contract than this server's. */
export function unknownValue(field: string, value: number): Error {
  return invalidField(field, `${value} is not a value that this server knows`);
}
