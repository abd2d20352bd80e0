import { type BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { RankedRow } from '../domain/ranking.js';

type RowOfStanding = Pick<RankedRow, 'rank' | 'payload'>;

/**
 * The share of the other players who stand strictly lower, in percent, 0 to 100; 100 for a lone
 * player; 0 for rank 0, which means unknown. Formula: `rostrum.v1.Standing.percentile`.
 */
export function percentileOf(rank: number, totalPlayers: number): number {
  if (rank === 0) return 0;
  return totalPlayers <= 1 ? 100 : (100 * (totalPlayers - rank)) / (totalPlayers - 1);
}

/**
 * Writes a `rostrum.v1.Standing` field without building a message. The part that does not depend on the
 * place is the row's payload, encoded once when the entry changed; only `rank` and `percentile` are
 * added. Protobuf allows the fields of a message in any order.
 */
export function writeStanding(
  writer: BinaryWriter,
  field: number,
  { rank, payload }: RowOfStanding,
  totalPlayers: number,
): void {
  writer.tag(field, WireType.LengthDelimited).fork();
  if (rank !== 0) writer.tag(1, WireType.Varint).int32(rank);
  writer.raw(payload);
  const percentile = percentileOf(rank, totalPlayers);
  if (percentile !== 0) writer.tag(6, WireType.Bit64).double(percentile);
  writer.join();
}
