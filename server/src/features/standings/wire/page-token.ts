import type { RankingNo } from '../../../domain/ids.js';
import { invalidPageToken, makePageToken, readPageToken } from '../../../wire/page-token.js';

const LIST = 'standings';
const VERSION = 1;
const LENGTH = 1 + 8 + 4;

/** A page token of ListStandings: version (1 byte), ranking (8) and 0-based start (4). */
export function tokenOfPage(rankingNo: RankingNo, start: number): string {
  const position = Buffer.alloc(LENGTH);
  position[0] = VERSION;
  position.writeBigUInt64BE(BigInt(rankingNo), 1);
  position.writeUInt32BE(start, 9);
  return makePageToken(LIST, position);
}

/** The 0-based start of the page. @throws INVALID_PAGE_TOKEN */
export function startOfPage(token: string, rankingNo: RankingNo): number {
  const position = readPageToken(LIST, token);
  const fits =
    position.length === LENGTH &&
    position[0] === VERSION &&
    position.readBigUInt64BE(1) === BigInt(rankingNo);
  if (!fits) throw invalidPageToken();
  return position.readUInt32BE(9);
}
