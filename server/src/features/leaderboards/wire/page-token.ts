import { isId, type LeaderboardId } from '../../../domain/ids.js';
import { invalidPageToken, makePageToken, readPageToken } from '../../../wire/page-token.js';

const LIST = 'leaderboards';
const VERSION = 1;

/** A page token of ListLeaderboards: version (1 byte) and the last id of the page. */
export function tokenAfter(lastId: LeaderboardId): string {
  return makePageToken(LIST, Buffer.concat([Buffer.of(VERSION), Buffer.from(lastId, 'latin1')]));
}

/** The last id of the page before. @throws INVALID_PAGE_TOKEN */
export function lastIdOf(token: string): LeaderboardId {
  const position = readPageToken(LIST, token);
  const lastId = position.toString('latin1', 1);
  if (position[0] !== VERSION || !isId(lastId)) throw invalidPageToken();
  return lastId as LeaderboardId;
}
