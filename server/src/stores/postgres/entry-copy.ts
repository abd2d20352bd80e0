import type { Entry } from '../../domain/entry.js';
import type { PlayerId, RankingNo } from '../../domain/ids.js';

/*
 * The binary format of COPY (https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format"):
 * a header, then rows. A row is the number of its columns and, for each column, its length and its bytes.
 * Numbers are big-endian. A length of -1 stands for NULL, and -1 columns for the end.
 */
const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');
const HEADER_EXTENSION = SIGNATURE.length + 4;
const HEADER = HEADER_EXTENSION + 4;
/** How many columns copy_entries.sql selects. */
const COLUMNS = 10;
const END = -1;

/** Reads what copy_entries.sql streams. Numbers come as they are stored: nothing is rounded. */
export class EntryCopy {
  #rest: Buffer = Buffer.alloc(0);
  #headerRead = false;

  constructor(private readonly rankingNo: RankingNo) {}

  /** Whether the end has come; otherwise something is missing. */
  get ended(): boolean {
    return this.#headerRead && this.#rest.length >= 2 && this.#rest.readInt16BE(0) === END;
  }

  /** Takes the next bytes. Returns the entries that they complete. */
  read(chunk: Buffer): Entry[] {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const entries: Entry[] = [];
    let at = this.#headerRead ? 0 : this.#readHeader(bytes);
    if (this.#headerRead) {
      for (let end = rowEnd(bytes, at); end !== undefined; end = rowEnd(bytes, at)) {
        entries.push(readEntry(this.rankingNo, bytes, at));
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

/** The end of the row that begins at `start`; undefined if the row is incomplete, or after the last. */
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

/** The entry of the complete row that begins at `start`. */
function readEntry(rankingNo: RankingNo, bytes: Buffer, start: number): Entry {
  const playerAt = start + 6;
  const numbersAt = playerAt + bytes.readInt32BE(playerAt - 4);
  const nameAt = numbersAt + 84;
  const metadataAt = nameAt + bytes.readInt32BE(nameAt - 4) + 4;
  const metadataLength = bytes.readInt32BE(metadataAt - 4);
  return {
    rankingNo,
    playerId: bytes.toString('latin1', playerAt, numbersAt) as PlayerId,
    // Each number has its length, of 4 bytes, before it.
    score: bytes.readDoubleBE(numbersAt + 4),
    subscore: bytes.readDoubleBE(numbersAt + 16),
    reached: readBigint(bytes, numbersAt + 28),
    version: readBigint(bytes, numbersAt + 40),
    submissions: bytes.readInt32BE(numbersAt + 52),
    achievedUs: readBigint(bytes, numbersAt + 60),
    updateUs: readBigint(bytes, numbersAt + 72),
    displayName: bytes.toString('utf8', nameAt, metadataAt - 4),
    metadata:
      metadataLength < 0 ? null : bytes.toString('utf8', metadataAt, metadataAt + metadataLength),
    ranked: true,
  };
}

/** A bigint column. Ours are within what a double holds exactly. */
function readBigint(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4);
}
