import { createHash } from 'node:crypto';
import { RostrumError } from '../../../domain/errors.js';
import { isId, type LeaderboardId } from '../../../domain/ids.js';

const VERSION = 1;
const CHECK_LENGTH = 6;
/** Of the longest id. */
const MAX_LENGTH = Math.ceil(((1 + 128 + CHECK_LENGTH) * 4) / 3);

/**
 * A page token of ListLeaderboards: version (1 byte), the last id of the page, and 6 bytes of a
 * digest over these, as base64url. The digest finds tokens that were cut or changed by accident;
 * a token gives access to nothing.
 */
export function makePageToken(lastId: LeaderboardId): string {
  const body = Buffer.concat([Buffer.of(VERSION), Buffer.from(lastId, 'latin1')]);
  return Buffer.concat([body, check(body)]).toString('base64url');
}

/** The last id of the page before. @throws INVALID_PAGE_TOKEN */
export function readPageToken(token: string): LeaderboardId {
  if (token.length > MAX_LENGTH) throw bad();
  const bytes = Buffer.from(token, 'base64url');
  const body = bytes.subarray(0, -CHECK_LENGTH);
  // Decoding is lenient; only the one spelling that the service made is accepted.
  if (bytes.toString('base64url') !== token || body[0] !== VERSION) throw bad();
  const lastId = body.toString('latin1', 1);
  if (!check(body).equals(bytes.subarray(-CHECK_LENGTH)) || !isId(lastId)) throw bad();
  return lastId as LeaderboardId;
}

function check(body: Buffer): Buffer {
  return createHash('sha256')
    .update('leaderboards')
    .update(body)
    .digest()
    .subarray(0, CHECK_LENGTH);
}

function bad(): RostrumError {
  const description = 'is not a token that this service made; start again without one';
  return new RostrumError('INVALID_PAGE_TOKEN', `page_token: ${description}`, {
    violations: [{ field: 'page_token', description }],
  });
}
