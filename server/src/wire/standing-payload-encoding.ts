import type { Entry } from '../domain/entry.js';
import { Struct } from '../gen/google/protobuf/struct.js';
import { varintLength, writeVarint } from './varint.js';

/*
 * The part of `rostrum.v1.Standing` that does not depend on the place. It is made for every submission,
 * so it is written without building a message. Tags are field number × 8 + wire type; a test checks them
 * against the generated decoder.
 */
const PLAYER_ID_TAG = 2 * 8 + 2;
const DISPLAY_NAME_TAG = 3 * 8 + 2;
const SCORE_TAG = 4 * 8 + 1;
const SUBSCORE_TAG = 5 * 8 + 1;
const SUBMISSIONS_TAG = 8 * 8 + 0;
const ACHIEVED_TIME_TAG = 9 * 8 + 2;
const UPDATE_TIME_TAG = 10 * 8 + 2;
const METADATA_TAG = 11 * 8 + 2;

/** The most bytes that everything but player id, name and metadata takes. */
const FIXED_LENGTH = 64;
const TIMESTAMP_SECONDS_TAG = 1 * 8 + 0;
const TIMESTAMP_NANOS_TAG = 2 * 8 + 0;

/**
 * Raise this whenever payloads change: an index with older ones is then rebuilt while it serves. See
 * docs/decisions/0021-layout-of-the-index.md.
 */
export const PAYLOAD_VERSION = 1;

/** Encodes an entry as `RankedRow.payload`. */
export function encodeStandingPayload(entry: Entry): Buffer {
  const nameLength = entry.displayName === '' ? 0 : Buffer.byteLength(entry.displayName);
  const metadata =
    entry.metadata === null
      ? undefined
      : Struct.encode(Struct.wrap(JSON.parse(entry.metadata))).finish();
  const buffer = Buffer.allocUnsafe(
    FIXED_LENGTH + entry.playerId.length + nameLength + (metadata?.length ?? 0),
  );
  let at = 0;
  buffer[at++] = PLAYER_ID_TAG;
  at = writeVarint(buffer, at, entry.playerId.length);
  at += buffer.write(entry.playerId, at, 'latin1');
  if (nameLength > 0) {
    buffer[at++] = DISPLAY_NAME_TAG;
    at = writeVarint(buffer, at, nameLength);
    at += buffer.write(entry.displayName, at, 'utf8');
  }
  // Zero is the default of a number, and is not written.
  if (entry.score !== 0) {
    buffer[at++] = SCORE_TAG;
    at = buffer.writeDoubleLE(entry.score, at);
  }
  if (entry.subscore !== 0) {
    buffer[at++] = SUBSCORE_TAG;
    at = buffer.writeDoubleLE(entry.subscore, at);
  }
  buffer[at++] = SUBMISSIONS_TAG;
  at = writeVarint(buffer, at, entry.submissions);
  buffer[at++] = ACHIEVED_TIME_TAG;
  at = writeTimestamp(buffer, at, entry.achievedUs);
  buffer[at++] = UPDATE_TIME_TAG;
  at = writeTimestamp(buffer, at, entry.updateUs);
  if (metadata !== undefined) {
    buffer[at++] = METADATA_TAG;
    at = writeVarint(buffer, at, metadata.length);
    buffer.set(metadata, at);
    at += metadata.length;
  }
  return buffer.subarray(0, at);
}

/** Writes a length and a google.protobuf.Timestamp. */
function writeTimestamp(buffer: Buffer, offset: number, us: number): number {
  const seconds = Math.floor(us / 1_000_000);
  const nanos = (us % 1_000_000) * 1000;
  const nanosLength = nanos === 0 ? 0 : 1 + varintLength(nanos);
  let at = offset;
  buffer[at++] = 1 + varintLength(seconds) + nanosLength;
  buffer[at++] = TIMESTAMP_SECONDS_TAG;
  at = writeVarint(buffer, at, seconds);
  if (nanos !== 0) {
    buffer[at++] = TIMESTAMP_NANOS_TAG;
    at = writeVarint(buffer, at, nanos);
  }
  return at;
}
