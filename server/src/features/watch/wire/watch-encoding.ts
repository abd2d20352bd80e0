import { type BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { RankedRow, RankingChange } from '../../../domain/ranking.js';
import { encodeMessage } from '../../../wire/encode-message.js';
import { writeStanding } from '../../../wire/standing-encoding.js';
import { kindOf, type RowChange } from '../diff.js';

/* Watch responses, written once for all watchers of a view around standings that are bytes already. */

/** An encoded response and the token that resumes after it. */
export interface EncodedMessage {
  readonly bytes: Buffer;
  readonly resumeToken: string;
}

/** What every watch response carries. */
export interface Progress {
  readonly revision: number;
  readonly resumeToken: string;
}

/** `WatchStandingsResponse` with a snapshot. */
export function encodeSnapshot(
  rows: readonly RankedRow[],
  totalPlayers: number,
  reset: boolean,
  progress: Progress,
): EncodedMessage {
  return encodeStandings(1, progress, (writer) => {
    // StandingsSnapshot: standings 1, total_players 2, reset 3, places 4.
    for (const row of rows) writeStanding(writer, 1, row, totalPlayers);
    writer.tag(2, WireType.Varint).int32(totalPlayers);
    if (reset) writer.tag(3, WireType.Varint).bool(true);
    const places = placesToTell(rows);
    if (places.length === 0) return;
    writer.tag(4, WireType.LengthDelimited).fork();
    for (const place of places) writer.int32(place);
    writer.join();
  });
}

/** `WatchStandingsResponse` with changes. */
export function encodeChanges(
  changes: readonly RowChange[],
  totalPlayers: number,
  progress: Progress,
): EncodedMessage {
  return encodeStandings(2, progress, (writer) => {
    // StandingsChanges: changes 1, total_players 2.
    for (const change of changes) writeChange(writer, change, change.kind, totalPlayers);
    writer.tag(2, WireType.Varint).int32(totalPlayers);
  });
}

/** `WatchStandingsResponse` with a checkpoint. */
export function encodeCheckpoint(progress: Progress): EncodedMessage {
  return encodeStandings(3, progress, () => {});
}

/** `WatchChangesResponse`; without changes and `reset` it is a checkpoint. */
export function encodeFeedMessage(
  changes: readonly RankingChange[],
  reset: boolean,
  { revision, resumeToken }: Progress,
): EncodedMessage {
  const bytes = encodeMessage((writer) => {
    for (const change of changes) {
      writeChange(writer, change, kindOf(change), change.totalPlayers, change.revision);
    }
    writer.tag(2, WireType.Varint).int64(revision);
    writer.tag(3, WireType.LengthDelimited).string(resumeToken);
    if (reset) writer.tag(4, WireType.Varint).bool(true);
  });
  return { bytes, resumeToken };
}

/** A WatchStandingsResponse: `field` is that of its update; revision 4, resume_token 5. */
function encodeStandings(
  field: number,
  { revision, resumeToken }: Progress,
  writeUpdate: (writer: BinaryWriter) => void,
): EncodedMessage {
  const bytes = encodeMessage((writer) => {
    writer.tag(field, WireType.LengthDelimited).fork();
    writeUpdate(writer);
    writer.join();
    writer.tag(4, WireType.Varint).int64(revision);
    writer.tag(5, WireType.LengthDelimited).string(resumeToken);
  });
  return { bytes, resumeToken };
}

/** None where each is the rank, the first where the others follow it one by one, otherwise all. */
function placesToTell(rows: readonly RankedRow[]): number[] {
  const first = rows[0]?.place ?? 0;
  if (rows.every((row) => row.place === row.rank)) return [];
  if (rows.every((row, index) => row.place === first + index)) return [first];
  return rows.map((row) => row.place);
}

/** A field 1 that is a `rostrum.v1.RankChange`; only in a feed it has a revision. */
function writeChange(
  writer: BinaryWriter,
  { row, playerId, previousRank, previousScore }: Omit<RowChange, 'kind'>,
  kind: number,
  totalPlayers: number,
  revision?: number,
): void {
  writer.tag(1, WireType.LengthDelimited).fork();
  writer.tag(1, WireType.Varint).int32(kind);
  if (row !== undefined) writeStanding(writer, 2, row, totalPlayers);
  writer.tag(3, WireType.LengthDelimited).string(playerId);
  if (previousRank !== 0) {
    writer.tag(4, WireType.Varint).int32(previousRank);
    writer.tag(5, WireType.Bit64).double(previousScore);
  }
  if (revision !== undefined) writer.tag(6, WireType.Varint).int64(revision);
  if (row !== undefined && row.place !== row.rank) writer.tag(7, WireType.Varint).int32(row.place);
  writer.join();
}
