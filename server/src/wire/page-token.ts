import { createHash } from 'node:crypto';
import { invalidField, type RostrumError } from '../domain/errors.js';

const CHECK_LENGTH = 6;
/** No token has as many characters. */
const MAX_LENGTH = 256;

/**
 * A page token: where the list goes on, and 6 bytes of a digest over that, as base64url. The digest
 * detects tokens that were cut or changed by accident; a token gives access to nothing.
 *
 * @param list keeps the tokens of one list apart from those of another
 */
export function makePageToken(list: string, position: Buffer): string {
  return Buffer.concat([position, digestOf(list, position)]).toString('base64url');
}

/** The position in a token. @throws INVALID_PAGE_TOKEN */
export function readPageToken(list: string, token: string): Buffer {
  if (token.length > MAX_LENGTH) throw invalidPageToken();
  const bytes = Buffer.from(token, 'base64url');
  const position = bytes.subarray(0, -CHECK_LENGTH);
  const isGenuine =
    // Decoding is lenient, but only the spelling that the service made is accepted.
    bytes.toString('base64url') === token &&
    digestOf(list, position).equals(bytes.subarray(-CHECK_LENGTH));
  if (!isGenuine) throw invalidPageToken();
  return position;
}

export function invalidPageToken(): RostrumError {
  return invalidField(
    'page_token',
    'is not a token that this service made for this list; start again without one',
    'INVALID_PAGE_TOKEN',
  );
}

function digestOf(list: string, position: Buffer): Buffer {
  return createHash('sha256').update(list).update(position).digest().subarray(0, CHECK_LENGTH);
}
