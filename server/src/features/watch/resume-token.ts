import { crc32 } from 'node:zlib';
import { invalidField, type RostrumError } from '../../domain/errors.js';
import type { SeasonNo } from '../../domain/ids.js';

/** The place in a ranking's history that a watcher has reached. */
export interface WatchPosition {
  readonly epoch: number;
  readonly revision: number;
}

/**
 * What a resume token is bound to: using it for any other watch is refused. A season has one ranking; if a
 * change of rules replaces that, epochs go on, and a position in the old one leads to a reset.
 */
export interface TokenScope {
  readonly kind: 'view' | 'feed';
  readonly seasonNo: SeasonNo;
  /** At least 8 bytes that tell views of a ranking apart; the feed has none. */
  readonly viewHash: Buffer | undefined;
}

/*
 * Bytes: kind (with the version of this layout), season number, epoch, revision, the first
 * 8 bytes of the view's hash, CRC-32 of all before. The checksum is against mistakes, not against
 * forgery: a forged token gives away nothing and at worst leads to a reset.
 */
const KIND = { view: 0x21, feed: 0x22 } as const;
const SEASON_AT = 1;
const EPOCH_AT = 9;
const REVISION_AT = 17;
const HASH_AT = 25;
const CHECKSUM_AT = 33;
const LENGTH = 37;
const HASH_LENGTH = CHECKSUM_AT - HASH_AT;
const TEXT_LENGTH = Math.ceil((LENGTH * 4) / 3);

export function encodeResumeToken(scope: TokenScope, position: WatchPosition): string {
  const bytes = Buffer.alloc(LENGTH);
  bytes[0] = KIND[scope.kind];
  bytes.writeBigUInt64BE(BigInt(scope.seasonNo), SEASON_AT);
  bytes.writeBigUInt64BE(BigInt(position.epoch), EPOCH_AT);
  bytes.writeBigUInt64BE(BigInt(position.revision), REVISION_AT);
  scope.viewHash?.copy(bytes, HASH_AT, 0, HASH_LENGTH);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, CHECKSUM_AT)), CHECKSUM_AT);
  return bytes.toString('base64url');
}

/** @throws INVALID_RESUME_TOKEN for anything that `encodeResumeToken` did not make for this scope. */
export function decodeResumeToken(token: string, scope: TokenScope): WatchPosition {
  if (token.length !== TEXT_LENGTH) throw invalidToken('is not a resume token');
  const bytes = Buffer.from(token, 'base64url');
  if (
    // Decoding is lenient; only the one spelling that the service made is accepted.
    bytes.toString('base64url') !== token ||
    bytes.readUInt32BE(CHECKSUM_AT) !== crc32(bytes.subarray(0, CHECKSUM_AT))
  ) {
    throw invalidToken('is not a resume token');
  }
  const expected = Buffer.alloc(HASH_LENGTH);
  scope.viewHash?.copy(expected, 0, 0, HASH_LENGTH);
  if (
    bytes[0] !== KIND[scope.kind] ||
    bytes.readBigUInt64BE(SEASON_AT) !== BigInt(scope.seasonNo) ||
    !bytes.subarray(HASH_AT, CHECKSUM_AT).equals(expected)
  ) {
    throw invalidToken('was made for another watch');
  }
  return {
    epoch: safeNumber(bytes.readBigUInt64BE(EPOCH_AT)),
    revision: safeNumber(bytes.readBigUInt64BE(REVISION_AT)),
  };
}

function safeNumber(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw invalidToken('is not a resume token');
  return Number(value);
}

function invalidToken(problem: string): RostrumError {
  return invalidField('resume_token', problem, 'INVALID_RESUME_TOKEN');
}
