import type { RankedRow } from '../domain/ranking.js';
import { varintLength, writeVarint } from './varint.js';

/*
 * Standings are written as bytes without building message objects: the part that does not depend
 * on the place is a row's payload, encoded once when the entry changed, and only `rank` and
 * `percentile` are added here. Protobuf allows the fields of a message in any order. The tags below
 * are field number × 8 + wire type, and a test checks them against the generated decoder.
 */
const RANK_TAG = 1 * 8 + 0;
const PERCENTILE_TAG = 6 * 8 + 1;

type RowOfStanding = Pick<RankedRow, 'rank' | 'payload'>;

/**
 * The share of the other players who stand strictly lower, in percent, 0 to 100; 100 for a lone
 * player; 0 for rank 0, a place not known. Formula: `rostrum.v1.Standing.percentile`.
 */
export function percentileOf(rank: number, totalPlayers: number): number {
  if (rank === 0) return 0;
  return totalPlayers <= 1 ? 100 : (100 * (totalPlayers - rank)) / (totalPlayers - 1);
}

/** How many bytes `writeStandingInto` writes. */
export function standingLength(row: RowOfStanding, totalPlayers: number): number {
  // Zero is the default of both fields and is not written.
  const rankLength = row.rank === 0 ? 0 : 1 + varintLength(row.rank);
  const percentileLength = percentileOf(row.rank, totalPlayers) === 0 ? 0 : 9;
  return row.payload.length + rankLength + percentileLength;
}

/** Writes an encoded `rostrum.v1.Standing` and returns the offset after it. */
export function writeStandingInto(
  buffer: Buffer,
  offset: number,
  row: RowOfStanding,
  totalPlayers: number,
): number {
  let at = offset;
  if (row.rank !== 0) {
    buffer[at++] = RANK_TAG;
    at = writeVarint(buffer, at, row.rank);
  }
  buffer.set(row.payload, at);
  at += row.payload.length;
  const percentile = percentileOf(row.rank, totalPlayers);
  if (percentile !== 0) {
    buffer[at++] = PERCENTILE_TAG;
    at = buffer.writeDoubleLE(percentile, at);
  }
  return at;
}

/** One encoded `rostrum.v1.Standing`. */
export function encodeStanding(row: RowOfStanding, totalPlayers: number): Buffer {
  const buffer = Buffer.allocUnsafe(standingLength(row, totalPlayers));
  writeStandingInto(buffer, 0, row, totalPlayers);
  return buffer;
}

/** How many bytes `writeStandingsInto` writes. */
export function standingsLength(rows: readonly RowOfStanding[], totalPlayers: number): number {
  let length = 0;
  for (const row of rows) {
    const body = standingLength(row, totalPlayers);
    length += 1 + varintLength(body) + body;
  }
  return length;
}

/** At least as many bytes as `writeStandingsInto` writes, whatever the ranks. */
export function standingsRoom(rows: readonly RowOfStanding[]): number {
  // Tag and length of the message, tag and varint of the rank, tag and double of the percentile.
  let room = 0;
  for (const row of rows) room += row.payload.length + 6 + 6 + 9;
  return room;
}

/**
 * Writes rows as a `repeated Standing` field and returns the offset after it.
 * `fieldNumber` is 1 to 15, so that its tag takes one byte.
 */
export function writeStandingsInto(
  buffer: Buffer,
  offset: number,
  fieldNumber: number,
  rows: readonly RowOfStanding[],
  totalPlayers: number,
): number {
  const tag = fieldNumber * 8 + 2;
  let at = offset;
  for (const row of rows) {
    buffer[at++] = tag;
    at = writeVarint(buffer, at, standingLength(row, totalPlayers));
    at = writeStandingInto(buffer, at, row, totalPlayers);
  }
  return at;
}
