import type { RankedRow, RankingView } from '../../../domain/ranking.js';
import {
  standingLength,
  standingsRoom,
  writeStandingInto,
  writeStandingsInto,
} from '../../../wire/standing-encoding.js';
import { varintLength, writeVarint } from '../../../wire/varint.js';

/*
 * The responses of StandingService as bytes, around standings that are bytes already. Tags are
 * field number × 8 + wire type; a test checks them against the generated decoders.
 */

/** GetStandingResponse: standing 1, total_players 2, revision 3. */
export function encodeGetStandingResponse(row: RankedRow, view: RankingView): Buffer {
  const standing = standingLength(row, view.totalPlayers);
  const buffer = Buffer.allocUnsafe(1 + varintLength(standing) + standing + numbersLength(view));
  let at = 0;
  buffer[at++] = 1 * 8 + 2;
  at = writeVarint(buffer, at, standing);
  at = writeStandingInto(buffer, at, row, view.totalPlayers);
  writeNumbers(buffer, at, view, 2);
  return buffer;
}

/**
 * ListStandingsResponse: standings 1, total_players 2, revision 3, next_page_token 4; without a
 * token it is also a ListStandingsAroundResponse.
 */
export function encodeListStandingsResponse(view: RankingView, nextPageToken = ''): Buffer {
  const token = nextPageToken.length;
  // With room to spare, so that lengths need not be found out twice.
  const buffer = Buffer.allocUnsafe(
    standingsRoom(view.rows) + numbersLength(view) + (token === 0 ? 0 : 2 + token),
  );
  let at = writeStandingsInto(buffer, 0, 1, view.rows, view.totalPlayers);
  at = writeNumbers(buffer, at, view, 2);
  if (token > 0) {
    buffer[at++] = 4 * 8 + 2;
    buffer[at++] = token;
    at += buffer.write(nextPageToken, at, 'latin1');
  }
  return buffer.subarray(0, at);
}

/** BatchGetStandingsResponse: standings 1, missing_player_ids 2, total_players 3, revision 4. */
export function encodeBatchGetStandingsResponse(
  rows: readonly RankedRow[],
  missing: readonly string[],
  view: RankingView,
): Buffer {
  const bodies = rows.map((row, index) => relativeLength(row, index + 1, view.totalPlayers));
  let length = numbersLength(view);
  for (const body of bodies) length += 1 + varintLength(body) + body;
  for (const id of missing) length += 1 + varintLength(id.length) + id.length;
  const buffer = Buffer.allocUnsafe(length);
  let at = 0;
  rows.forEach((row, index) => {
    buffer[at++] = 1 * 8 + 2;
    at = writeVarint(buffer, at, bodies[index] as number);
    at = writeRelative(buffer, at, row, index + 1, view.totalPlayers);
  });
  for (const id of missing) {
    buffer[at++] = 2 * 8 + 2;
    at = writeVarint(buffer, at, id.length);
    at += buffer.write(id, at, 'latin1');
  }
  writeNumbers(buffer, at, view, 3);
  return buffer;
}

/** RelativeStanding: standing 1, relative_rank 2, rank 3. */
function relativeLength(row: RankedRow, relativeRank: number, totalPlayers: number): number {
  const standing = standingLength(row, totalPlayers);
  return (
    1 +
    varintLength(standing) +
    standing +
    1 +
    varintLength(relativeRank) +
    1 +
    varintLength(row.rank)
  );
}

function writeRelative(
  buffer: Buffer,
  offset: number,
  row: RankedRow,
  relativeRank: number,
  totalPlayers: number,
): number {
  let at = offset;
  buffer[at++] = 1 * 8 + 2;
  at = writeVarint(buffer, at, standingLength(row, totalPlayers));
  at = writeStandingInto(buffer, at, row, totalPlayers);
  buffer[at++] = 2 * 8 + 0;
  at = writeVarint(buffer, at, relativeRank);
  buffer[at++] = 3 * 8 + 0;
  return writeVarint(buffer, at, row.rank);
}

function numbersLength({ totalPlayers, revision }: RankingView): number {
  return 1 + varintLength(totalPlayers) + 1 + varintLength(revision);
}

/** total_players and, in the field after it, revision. */
function writeNumbers(
  buffer: Buffer,
  offset: number,
  { totalPlayers, revision }: RankingView,
  firstField: number,
): number {
  let at = offset;
  buffer[at++] = firstField * 8;
  at = writeVarint(buffer, at, totalPlayers);
  buffer[at++] = (firstField + 1) * 8;
  return writeVarint(buffer, at, revision);
}
