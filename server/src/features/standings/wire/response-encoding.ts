import { type BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { RankedRow, RankingView } from '../../../domain/ranking.js';
import { encodeMessage } from '../../../wire/encode-message.js';
import { writeStanding } from '../../../wire/standing-encoding.js';

/* The responses of StandingService, written around standings that are bytes already. */

/** GetStandingResponse: standing 1, total_players 2, revision 3. */
export function encodeGetStandingResponse(row: RankedRow, view: RankingView): Buffer {
  return encodeMessage((writer) => {
    writeStanding(writer, 1, row, view.totalPlayers);
    writeNumbers(writer, 2, view);
  });
}

/**
 * ListStandingsResponse: standings 1, total_players 2, revision 3, next_page_token 4; without a
 * token it is also a ListStandingsAroundResponse.
 */
export function encodeListStandingsResponse(view: RankingView, nextPageToken = ''): Buffer {
  return encodeMessage((writer) => {
    for (const row of view.rows) writeStanding(writer, 1, row, view.totalPlayers);
    writeNumbers(writer, 2, view);
    if (nextPageToken !== '') writer.tag(4, WireType.LengthDelimited).string(nextPageToken);
  });
}

/** BatchGetStandingsResponse: standings 1, missing_player_ids 2, total_players 3, revision 4. */
export function encodeBatchGetStandingsResponse(
  rows: readonly RankedRow[],
  missing: readonly string[],
  view: RankingView,
): Buffer {
  return encodeMessage((writer) => {
    rows.forEach((row, index) => {
      // RelativeStanding: standing 1, relative_rank 2, rank 3.
      writer.tag(1, WireType.LengthDelimited).fork();
      writeStanding(writer, 1, row, view.totalPlayers);
      writer.tag(2, WireType.Varint).int32(index + 1);
      writer.tag(3, WireType.Varint).int32(row.rank);
      writer.join();
    });
    for (const id of missing) writer.tag(2, WireType.LengthDelimited).string(id);
    writeNumbers(writer, 3, view);
  });
}

/** total_players and, in the field after it, revision. */
function writeNumbers(
  writer: BinaryWriter,
  firstField: number,
  { totalPlayers, revision }: RankingView,
): void {
  writer.tag(firstField, WireType.Varint).int32(totalPlayers);
  writer.tag(firstField + 1, WireType.Varint).int64(revision);
}
