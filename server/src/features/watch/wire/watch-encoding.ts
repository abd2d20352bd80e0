import type { RankedRow, RankingChange } from '../../../domain/ranking.js';
import {
  standingLength,
  standingsLength,
  writeStandingInto,
  writeStandingsInto,
} from '../../../wire/standing-encoding.js';
import { varintLength, writeVarint } from '../../../wire/varint.js';
import { kindOf, type RowChange } from '../diff.js';

/*
 * Watch responses are written as bytes, once for all watchers of a view, from payloads that are
 * encoded already. Every length is computed first, so that each message is one allocation. Tags are
 * field number × 8 + wire type (0 varint, 1 eight bytes, 2 length-delimited); the tests read
 * everything back with the generated decoder.
 */
const Standings = { SNAPSHOT: 0x0a, CHANGES: 0x12, CHECKPOINT: 0x1a, REVISION: 0x20, TOKEN: 0x2a };
const Snapshot = { STANDINGS_FIELD: 1, TOTAL_PLAYERS: 0x10, RESET: 0x18, PLACES: 0x22 };
const Changes = { CHANGES: 0x0a, TOTAL_PLAYERS: 0x10 };
const Feed = { CHANGES: 0x0a, REVISION: 0x10, TOKEN: 0x1a, RESET: 0x20 };
const Change = {
  KIND: 0x08,
  STANDING: 0x12,
  PLAYER_ID: 0x1a,
  PREVIOUS_RANK: 0x20,
  PREVIOUS_SCORE: 0x29,
  REVISION: 0x30,
  PLACE: 0x38,
};

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
  const places = placesToTell(rows);
  const placesLength = places.reduce((sum, place) => sum + varintLength(place), 0);
  const body =
    standingsLength(rows, totalPlayers) +
    numberFieldLength(totalPlayers) +
    numberFieldLength(Number(reset)) +
    (placesLength === 0 ? 0 : fieldLength(placesLength));
  const bytes = Buffer.allocUnsafe(fieldLength(body) + progressLength(progress));
  let at = writeHead(bytes, 0, Standings.SNAPSHOT, body);
  at = writeStandingsInto(bytes, at, Snapshot.STANDINGS_FIELD, rows, totalPlayers);
  at = writeNumber(bytes, at, Snapshot.TOTAL_PLAYERS, totalPlayers);
  at = writeNumber(bytes, at, Snapshot.RESET, Number(reset));
  if (placesLength > 0) at = writeHead(bytes, at, Snapshot.PLACES, placesLength);
  for (const place of places) at = writeVarint(bytes, at, place);
  writeProgress(bytes, at, Standings.REVISION, Standings.TOKEN, progress);
  return { bytes, resumeToken: progress.resumeToken };
}

/** `WatchStandingsResponse` with changes. */
export function encodeChanges(
  changes: readonly RowChange[],
  totalPlayers: number,
  progress: Progress,
): EncodedMessage {
  let body = numberFieldLength(totalPlayers);
  for (const change of changes) {
    body += fieldLength(changeLength(change, change.kind, totalPlayers, 0));
  }
  const bytes = Buffer.allocUnsafe(fieldLength(body) + progressLength(progress));
  let at = writeHead(bytes, 0, Standings.CHANGES, body);
  for (const change of changes) {
    at = writeChange(bytes, at, Changes.CHANGES, change, change.kind, totalPlayers, 0);
  }
  at = writeNumber(bytes, at, Changes.TOTAL_PLAYERS, totalPlayers);
  writeProgress(bytes, at, Standings.REVISION, Standings.TOKEN, progress);
  return { bytes, resumeToken: progress.resumeToken };
}

/** `WatchStandingsResponse` with a checkpoint. */
export function encodeCheckpoint(progress: Progress): EncodedMessage {
  const bytes = Buffer.allocUnsafe(fieldLength(0) + progressLength(progress));
  const at = writeHead(bytes, 0, Standings.CHECKPOINT, 0);
  writeProgress(bytes, at, Standings.REVISION, Standings.TOKEN, progress);
  return { bytes, resumeToken: progress.resumeToken };
}

/** `WatchChangesResponse`; without changes and `reset` it is a checkpoint. */
export function encodeFeedMessage(
  changes: readonly RankingChange[],
  reset: boolean,
  progress: Progress,
): EncodedMessage {
  let length = progressLength(progress) + numberFieldLength(Number(reset));
  for (const change of changes) {
    length += fieldLength(
      changeLength(change, kindOf(change), change.totalPlayers, change.revision),
    );
  }
  const bytes = Buffer.allocUnsafe(length);
  let at = 0;
  for (const change of changes) {
    const { totalPlayers, revision } = change;
    at = writeChange(bytes, at, Feed.CHANGES, change, kindOf(change), totalPlayers, revision);
  }
  at = writeProgress(bytes, at, Feed.REVISION, Feed.TOKEN, progress);
  writeNumber(bytes, at, Feed.RESET, Number(reset));
  return { bytes, resumeToken: progress.resumeToken };
}

/** None where each is the rank, the first where the others follow it one by one, otherwise all. */
function placesToTell(rows: readonly RankedRow[]): number[] {
  const first = rows[0]?.place ?? 0;
  if (rows.every((row) => row.place === row.rank)) return [];
  if (rows.every((row, index) => row.place === first + index)) return [first];
  return rows.map((row) => row.place);
}

type ChangedRow = Omit<RowChange, 'kind'>;

/** 0 where it is the rank. */
function placeToTell(row: RankedRow | undefined): number {
  return row === undefined || row.place === row.rank ? 0 : row.place;
}

function changeLength(
  change: ChangedRow,
  kind: number,
  totalPlayers: number,
  revision: number,
): number {
  let length = numberFieldLength(kind) + fieldLength(change.playerId.length);
  if (change.row !== undefined) length += fieldLength(standingLength(change.row, totalPlayers));
  if (change.previousRank !== 0) length += numberFieldLength(change.previousRank) + 9;
  return length + numberFieldLength(revision) + numberFieldLength(placeToTell(change.row));
}

function writeChange(
  bytes: Buffer,
  offset: number,
  tag: number,
  change: ChangedRow,
  kind: number,
  totalPlayers: number,
  revision: number,
): number {
  let at = writeHead(bytes, offset, tag, changeLength(change, kind, totalPlayers, revision));
  at = writeNumber(bytes, at, Change.KIND, kind);
  if (change.row !== undefined) {
    at = writeHead(bytes, at, Change.STANDING, standingLength(change.row, totalPlayers));
    at = writeStandingInto(bytes, at, change.row, totalPlayers);
  }
  at = writeAscii(bytes, at, Change.PLAYER_ID, change.playerId);
  if (change.previousRank !== 0) {
    at = writeNumber(bytes, at, Change.PREVIOUS_RANK, change.previousRank);
    // Presence is tracked for this field, so a score of zero is written too.
    bytes[at++] = Change.PREVIOUS_SCORE;
    at = bytes.writeDoubleLE(change.previousScore, at);
  }
  at = writeNumber(bytes, at, Change.REVISION, revision);
  return writeNumber(bytes, at, Change.PLACE, placeToTell(change.row));
}

function progressLength(progress: Progress): number {
  return numberFieldLength(progress.revision) + fieldLength(progress.resumeToken.length);
}

function writeProgress(
  bytes: Buffer,
  offset: number,
  revisionTag: number,
  tokenTag: number,
  progress: Progress,
): number {
  const at = writeNumber(bytes, offset, revisionTag, progress.revision);
  return writeAscii(bytes, at, tokenTag, progress.resumeToken);
}

/** Tag, length and content of a length-delimited field. */
function fieldLength(content: number): number {
  return 1 + varintLength(content) + content;
}

/** Zero is the default of number fields and is not written. */
function numberFieldLength(value: number): number {
  return value === 0 ? 0 : 1 + varintLength(value);
}

function writeNumber(bytes: Buffer, offset: number, tag: number, value: number): number {
  if (value === 0) return offset;
  bytes[offset] = tag;
  return writeVarint(bytes, offset + 1, value);
}

function writeHead(bytes: Buffer, offset: number, tag: number, contentLength: number): number {
  bytes[offset] = tag;
  return writeVarint(bytes, offset + 1, contentLength);
}

/** Ids and tokens are ASCII, so their length in bytes is their length. */
function writeAscii(bytes: Buffer, offset: number, tag: number, text: string): number {
  const at = writeHead(bytes, offset, tag, text.length);
  return at + bytes.write(text, at, 'latin1');
}
