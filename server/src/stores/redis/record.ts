import type { Entry } from '../../domain/entry.js';
import type { PlayerId } from '../../domain/ids.js';
import type { LeaderboardSettings } from '../../domain/leaderboard.js';
import { direction } from '../../domain/order.js';

/**
 * A record is what the index holds of one entry. Numbers are big-endian.
 *
 *    0  8  subscore: a key whose bytes sort like the order of subscores, best first
 *    8  8  reached: unsigned integer; the lower stands higher
 *   16  4  length of the record
 *   20  8  version: double, exact for integers up to 2^53
 *   28  8  score: double, negated where high scores stand higher
 *   36  1  length of the player id
 *   37  …  player id (ASCII)
 *    …  …  payload: opaque to the index
 *
 * The record is also the entry's member of the sorted set, where entries with equal scores are compared
 * by the bytes of their members: subscore and reached decide. A record above 256 bytes is a member
 * without its payload (see scripts/record.lua).
 */
const SUBSCORE = 0;
const REACHED = 8;
const LENGTH = 16;
const VERSION = 20;
const SCORE = 28;
const PLAYER_LENGTH = 36;
const PLAYER = 37;

/** How many bytes the record of an entry takes. */
export function recordLength(entry: Entry, payload: Uint8Array): number {
  return PLAYER + entry.playerId.length + payload.length;
}

/** Writes a record. Returns the offset behind it. */
export function writeRecord(
  buffer: Buffer,
  offset: number,
  settings: LeaderboardSettings,
  entry: Entry,
  payload: Uint8Array,
): number {
  buffer.writeUInt32BE(recordLength(entry, payload), offset + LENGTH);
  writeSortable(buffer, offset + SUBSCORE, direction(settings.subscoreSortOrder) * entry.subscore);
  buffer.writeUInt32BE(Math.floor(entry.reached / 2 ** 32), offset + REACHED);
  buffer.writeUInt32BE(entry.reached % 2 ** 32, offset + REACHED + 4);
  buffer.writeDoubleBE(entry.version, offset + VERSION);
  buffer.writeDoubleBE(indexScore(settings, entry.score), offset + SCORE);
  buffer[offset + PLAYER_LENGTH] = entry.playerId.length;
  buffer.write(entry.playerId, offset + PLAYER, 'latin1');
  const payloadAt = offset + PLAYER + entry.playerId.length;
  buffer.set(payload, payloadAt);
  return payloadAt + payload.length;
}

/** A score as the sorted set has it: the lower, the better. Adding 0 turns -0 into 0. Its own inverse. */
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

/** The parts of a record that answers need. */
export interface RecordParts {
  readonly playerId: PlayerId;
  readonly score: number;
  readonly version: number;
  readonly payload: Buffer;
}

/** Reads a record. The payload shares the buffer's memory. */
export function readRecord(settings: LeaderboardSettings, record: Buffer): RecordParts {
  return {
    playerId: readPlayerId(record, 0),
    score: readScore(settings, record, 0),
    version: record.readDoubleBE(VERSION),
    payload: record.subarray(payloadStart(record, 0)),
  };
}

/** The player of the record that begins at `start`. */
export function readPlayerId(buffer: Buffer, start: number): PlayerId {
  return buffer.toString('latin1', start + PLAYER, payloadStart(buffer, start)) as PlayerId;
}

/** The score of the record that begins at `start`. */
export function readScore(settings: LeaderboardSettings, buffer: Buffer, start: number): number {
  return indexScore(settings, buffer.readDoubleBE(start + SCORE));
}

/** Where the record that begins at `start` ends. */
export function recordEnd(buffer: Buffer, start: number): number {
  return start + buffer.readUInt32BE(start + LENGTH);
}

/** Where the payload of the record that begins at `start` begins. */
export function payloadStart(buffer: Buffer, start: number): number {
  return start + PLAYER + (buffer[start + PLAYER_LENGTH] as number);
}

/** Whether bytes found under a player's key can be that player's record. */
export function isRecordOf(bytes: Buffer, playerId: PlayerId): boolean {
  const payloadAt = PLAYER + playerId.length;
  return (
    bytes.length >= payloadAt &&
    bytes.readUInt32BE(LENGTH) === bytes.length &&
    bytes[PLAYER_LENGTH] === playerId.length &&
    bytes.toString('latin1', PLAYER, payloadAt) === playerId
  );
}

/** What a record says of the place among equal scores; NaN where it is too short to say. */
export function readPlace(
  settings: LeaderboardSettings,
  record: Buffer,
): { readonly subscore: number; readonly reached: number } {
  if (record.length < VERSION) return { subscore: Number.NaN, reached: Number.NaN };
  return {
    subscore: direction(settings.subscoreSortOrder) * readSortable(record, SUBSCORE) + 0,
    reached: record.readUInt32BE(REACHED) * 2 ** 32 + record.readUInt32BE(REACHED + 4),
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
