import type { Entry } from '../../domain/entry.js';
import type { PlayerId, RankingNo } from '../../domain/ids.js';

/*
 * The binary format of COPY (https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format"):
 * a header, then rows, each of which has the number of its columns and, for each column, its length and
 * its bytes; numbers are big-endian. A length of -1 is NULL, and so many columns are the end.
 */
const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');
const HEADER_EXTENSION = SIGNATURE.length + 4;
const HEADER = HEADER_EXTENSION + 4;
/** How many columns copy_entries.sql selects. */
const COLUMNS = 10;
const END = -1;

const NOTHING = Buffer.alloc(0);

/** Reads what copy_entries.sql streams. The numbers come as they are stored: nothing is rounded. */
export class EntryCopy {
  readonly #rankingNo: RankingNo;
  #rest: Buffer = NOTHING;
  #headerRead = false;

  constructor(rankingNo: RankingNo) {
    this.#rankingNo = rankingNo;
  }

  /** Whether the end has come: without it, what was read is not all. */
  get ended(): boolean {
    return this.#headerRead && this.#rest.length >= 2 && this.#rest.readInt16BE(0) === END;
  }

  /** Takes the next bytes. Returns the entries that are complete with them. */
  read(chunk: Buffer): Entry[] {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const entries: Entry[] = [];
    let at = this.#headerRead ? 0 : this.#readHeader(bytes);
    if (this.#headerRead) {
      for (let end = rowEnd(bytes, at); end !== undefined; end = rowEnd(bytes, at)) {
        entries.push(readEntry(this.#rankingNo, bytes, at));
        at = end;
      }
    }
    this.#rest = bytes.subarray(at);
    return entries;
  }

  /** Returns where the first row begins; 0 while that is not known. */
  #readHeader(bytes: Buffer): number {
    const begins = bytes.subarray(0, SIGNATURE.length);
    if (!begins.equals(SIGNATURE.subarray(0, begins.length))) {
      throw new TypeError('PostgreSQL did not answer COPY in its binary format');
    }
    if (bytes.length < HEADER) return 0;
    const length = HEADER + bytes.readInt32BE(HEADER_EXTENSION);
    if (bytes.length < length) return 0;
    this.#headerRead = true;
    return length;
  }
}

/** Where the row ends that begins at `start`; undefined if that is not there yet, or at the end. */
function rowEnd(bytes: Buffer, start: number): number | undefined {
  if (bytes.length < start + 2) return undefined;
  const columns = bytes.readInt16BE(start);
  if (columns === END) return undefined;
  if (columns !== COLUMNS) throw new TypeError(`COPY sent ${columns} columns, not ${COLUMNS}`);
  let at = start + 2;
  for (let column = 0; column < COLUMNS; column += 1) {
    if (bytes.length < at + 4) return undefined;
    at += 4 + Math.max(bytes.readInt32BE(at), 0);
  }
  return at <= bytes.length ? at : undefined;
}

/** The entry of the whole row that begins at `start`. */
function readEntry(rankingNo: RankingNo, bytes: Buffer, start: number): Entry {
  // Numbers have a fixed length: 4 bytes say so, and 4 or 8 follow.
  let at = start + 2;
  let length = bytes.readInt32BE(at);
  at += 4;
  const playerId = bytes.toString('latin1', at, at + length) as PlayerId;
  at += length + 4;
  const score = bytes.readDoubleBE(at);
  at += 12;
  const subscore = bytes.readDoubleBE(at);
  at += 12;
  const reached = readBigint(bytes, at);
  at += 12;
  const version = readBigint(bytes, at);
  at += 12;
  const submissions = bytes.readInt32BE(at);
  at += 8;
  const achievedUs = readBigint(bytes, at);
  at += 12;
  const updateUs = readBigint(bytes, at);
  at += 8;
  length = bytes.readInt32BE(at);
  at += 4;
  const displayName = length === 0 ? '' : bytes.toString('utf8', at, at + length);
  at += length;
  length = bytes.readInt32BE(at);
  at += 4;
  const metadata = length < 0 ? null : bytes.toString('utf8', at, at + length);
  return {
    rankingNo,
    playerId,
    score,
    subscore,
    reached,
    version,
    submissions,
    achievedUs,
    updateUs,
    displayName,
    metadata,
    ranked: true,
  };
}

/** A bigint column. Ours are within what a double holds exactly. */
function readBigint(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4);
}
