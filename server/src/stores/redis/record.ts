import type { Entry } from '../../domain/entry.js';
import type { PlayerId } from '../../domain/ids.js';
import type { LeaderboardSettings } from '../../domain/leaderboard.js';
import { direction } from '../../domain/order.js';
import { Offset, Payload } from './layout.js';

/*
 * The index holds a record of each entry and of each player who left, as layout.ts describes it. Only this
 * file and scripts/{record,reading,writing}.lua write and read records.
 */

/** How many bytes a record takes. A player who left has no payload. */
export function recordLength(playerId: PlayerId, payloadLength = 0): number {
  return Offset.PLAYER + playerId.length + payloadLength;
}

/**
 * Writes the record of an entry. Returns the offset behind it.
 *
 * @param payloadVersion from 1
 */
export function writeRecord(
  buffer: Buffer,
  offset: number,
  settings: LeaderboardSettings,
  entry: Entry,
  payload: Uint8Array,
  payloadVersion: number,
): number {
  const { subscore, reached, version, playerId } = entry;
  const subscoreKey = direction(settings.subscoreSortOrder) * subscore;
  writeSortable(buffer, offset + Offset.SUBSCORE, subscoreKey);
  buffer.writeUInt32BE(Math.floor(reached / 2 ** 32), offset + Offset.REACHED);
  buffer.writeUInt32BE(reached % 2 ** 32, offset + Offset.REACHED + 4);
  buffer.writeDoubleBE(indexScore(settings, entry.score), offset + Offset.SCORE);
  const length = recordLength(playerId, payload.length);
  const payloadAt = writeOwner(buffer, offset, length, version, payloadVersion, playerId);
  buffer.set(payload, payloadAt);
  return payloadAt + payload.length;
}

/** Writes the record of a player who left at a version. Returns the offset behind it. */
export function writeLeaving(
  buffer: Buffer,
  offset: number,
  playerId: PlayerId,
  version: number,
): number {
  buffer.fill(0, offset, offset + Offset.PLAYER);
  return writeOwner(buffer, offset, recordLength(playerId), version, Payload.LEFT, playerId);
}

/** Writes what every record has. Returns the offset behind the player. */
function writeOwner(
  buffer: Buffer,
  offset: number,
  length: number,
  version: number,
  payloadVersion: number,
  playerId: PlayerId,
): number {
  buffer.writeDoubleBE(version, offset + Offset.VERSION);
  buffer.writeUInt32BE(length, offset + Offset.LENGTH);
  buffer[offset + Offset.PAYLOAD_VERSION] = payloadVersion;
  buffer[offset + Offset.PLAYER_LENGTH] = playerId.length;
  return offset + Offset.PLAYER + buffer.write(playerId, offset + Offset.PLAYER, 'latin1');
}

/** A score as the sorted set has it: lower is better. Its own inverse. Adding 0 turns -0 into 0. */
export function indexScore(settings: LeaderboardSettings, score: number): number {
  return direction(settings.sortOrder) * score + 0;
}

/**
 * Writes 8 bytes that sort, as unsigned bytes, like the doubles they stand for: positive numbers
 * get their sign bit set, negative ones have all bits inverted.
 */
function writeSortable(buffer: Buffer, offset: number, value: number): void {
  buffer.writeDoubleBE(value + 0, offset);
  const first = buffer[offset] as number;
  if (first < 0x80) {
    buffer[offset] = first | 0x80;
    return;
  }
  for (let at = offset; at < offset + 8; at += 1) buffer[at] = ~(buffer[at] as number) & 0xff;
}

/** The player of the record that begins at `start`. */
export function readPlayerId(buffer: Buffer, start: number): PlayerId {
  return buffer.toString('latin1', start + Offset.PLAYER, payloadStart(buffer, start)) as PlayerId;
}

/** The score of the record that begins at `start`. */
export function readScore(settings: LeaderboardSettings, buffer: Buffer, start: number): number {
  return indexScore(settings, buffer.readDoubleBE(start + Offset.SCORE));
}

/** Where the record that begins at `start` ends. */
export function recordEnd(buffer: Buffer, start: number): number {
  return start + buffer.readUInt32BE(start + Offset.LENGTH);
}

/** Where the payload of the record that begins at `start` begins. */
export function payloadStart(buffer: Buffer, start: number): number {
  return start + Offset.PLAYER + (buffer[start + Offset.PLAYER_LENGTH] as number);
}

/** Compares two records with equal scores: negative if `a` stands higher. */
export function compareTied(buffer: Buffer, a: number, b: number): number {
  return buffer.compare(buffer, b, b + Offset.SCORE, a, a + Offset.SCORE);
}

/** The version of the record that begins at `start`. */
export function readVersion(buffer: Buffer, start: number): number {
  return buffer.readDoubleBE(start + Offset.VERSION);
}

/** Whether bytes that were found under a player's key can be that player's record. */
export function isRecordOf(bytes: Buffer, playerId: PlayerId): boolean {
  return (
    bytes.length >= recordLength(playerId) &&
    recordEnd(bytes, 0) === bytes.length &&
    payloadStart(bytes, 0) === recordLength(playerId) &&
    readPlayerId(bytes, 0) === playerId
  );
}

/** The subscore and `reached` of a record; NaN if it is too short to have them. */
export function readTieBreak(
  settings: LeaderboardSettings,
  record: Buffer,
): { readonly subscore: number; readonly reached: number } {
  if (record.length < Offset.SCORE) return { subscore: Number.NaN, reached: Number.NaN };
  return {
    subscore: direction(settings.subscoreSortOrder) * readSortable(record, Offset.SUBSCORE) + 0,
    reached:
      record.readUInt32BE(Offset.REACHED) * 2 ** 32 + record.readUInt32BE(Offset.REACHED + 4),
  };
}

/** The number that `writeSortable` wrote. */
function readSortable(record: Buffer, offset: number): number {
  const bytes = Buffer.from(record.subarray(offset, offset + 8));
  const first = bytes[0] as number;
  if (first >= 0x80) bytes[0] = first & 0x7f;
  else for (let at = 0; at < 8; at += 1) bytes[at] = ~(bytes[at] as number) & 0xff;
  return bytes.readDoubleBE(0);
}
