import { createHash } from 'node:crypto';
import { RostrumError } from '../domain/errors.js';

const CHECK_LENGTH = 6;
/** More characters than any token has. */
const MAX_LENGTH = 256;

/**
 * A page token: what the list needs to go on, and 6 bytes of a digest over it, as base64url. The
 * digest finds tokens that were cut or changed by accident; a token gives access to nothing.
 *
 * @param list tells the tokens of one list from those of another
 */
export function makePageToken(list: string, position: Buffer): string {
  return Buffer.concat([position, digestOf(list, position)]).toString('base64url');
}

/** What the token was made of. @throws INVALID_PAGE_TOKEN */
export function readPageToken(list: string, token: string): Buffer {
  if (token.length > MAX_LENGTH) throw invalidPageToken();
  const bytes = Buffer.from(token, 'base64url');
  const position = bytes.subarray(0, -CHECK_LENGTH);
  const isGenuine =
    // Decoding is lenient; only the one spelling that the service made is accepted.
    bytes.toString('base64url') === token &&
    digestOf(list, position).equals(bytes.subarray(-CHECK_LENGTH));
  if (!isGenuine) throw invalidPageToken();
  return position;
}

export function invalidPageToken(): RostrumError {
  const description = 'is not a token that this service made for this list';
  return new RostrumError(
    'INVALID_PAGE_TOKEN',
    `page_token: ${description}; start again without one`,
    { violations: [{ field: 'page_token', description }] },
  );
}

function digestOf(list: string, position: Buffer): Buffer {
  return createHash('sha256').update(list).update(position).digest().subarray(0, CHECK_LENGTH);
}
