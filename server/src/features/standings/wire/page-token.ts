import { createHash } from 'node:crypto';
import { RostrumError } from '../../../domain/errors.js';
import type { RankingNo } from '../../../domain/ids.js';

const VERSION = 1;
const LENGTH = 1 + 8 + 4;
const CHECK_LENGTH = 6;

/**
 * A page token of ListStandings: version (1 byte), ranking (8), 0-based start (4), and 6 bytes of a
 * digest over these, as base64url. The digest finds tokens that were cut or changed by accident;
 * a token gives access to nothing.
 */
export function makePageToken(rankingNo: RankingNo, start: number): string {
  const body = Buffer.alloc(LENGTH);
  body[0] = VERSION;
  body.writeBigUInt64BE(BigInt(rankingNo), 1);
  body.writeUInt32BE(start, 9);
  return Buffer.concat([body, check(body)]).toString('base64url');
}

/** The 0-based start of the page. @throws INVALID_PAGE_TOKEN */
export function readPageToken(token: string, rankingNo: RankingNo): number {
  const bytes = Buffer.from(token.slice(0, 64), 'base64url');
  const body = bytes.subarray(0, LENGTH);
  if (bytes.toString('base64url') !== token || bytes.length !== LENGTH + CHECK_LENGTH) throw bad();
  if (body[0] !== VERSION || !check(body).equals(bytes.subarray(LENGTH))) throw bad();
  if (body.readBigUInt64BE(1) !== BigInt(rankingNo)) throw bad();
  return body.readUInt32BE(9);
}

function check(body: Buffer): Buffer {
  return createHash('sha256').update('standings').update(body).digest().subarray(0, CHECK_LENGTH);
}

function bad(): RostrumError {
  return new RostrumError(
    'INVALID_PAGE_TOKEN',
    'page_token: is not a token that this service made for this ranking; start again without one',
    { violations: [{ field: 'page_token', description: 'is not a token made for this ranking' }] },
  );
}
