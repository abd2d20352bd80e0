const HEADER = 5;
/** Field 1 with a nested message: of the answers to submissions, and of a ScoreItem: its result. */
const FIRST_MESSAGE = 1 * 8 + 2;

/**
 * Looks into answers to several submissions just far enough to tell a result from an error: an item
 * that was refused does not make the call fail.
 */
export class AnswerReader {
  #bytes: Buffer | undefined;
  #at = 0;

  /** Takes in bytes of an answer: messages, each behind its header. */
  add(bytes: Buffer): void {
    this.#bytes =
      this.#bytes === undefined ? bytes : Buffer.concat([this.#bytes.subarray(this.#at), bytes]);
    this.#at = 0;
  }

  /** Takes a StreamScoresResponse. Returns whether it is a result; undefined: none is complete. */
  takeStreamed(): boolean | undefined {
    const bytes = this.#bytes;
    if (bytes === undefined || bytes.length < this.#at + HEADER) return undefined;
    const start = this.#at + HEADER;
    const end = start + bytes.readUInt32BE(this.#at + 1);
    if (bytes.length < end) return undefined;
    this.#at = end;
    if (end === bytes.length) this.#bytes = undefined;
    if (bytes[start] !== FIRST_MESSAGE) return false;
    return bytes[skipVarint(bytes, start + 1)] === FIRST_MESSAGE;
  }

  /** Takes a whole BatchSubmitScoresResponse. Returns how many of its items are results. */
  takeGoodItems(): number {
    const bytes = this.#bytes;
    this.#bytes = undefined;
    if (bytes === undefined) return 0;
    let good = 0;
    for (let at = HEADER; at < bytes.length; ) {
      if (bytes[at] !== FIRST_MESSAGE) break;
      const start = skipVarint(bytes, at + 1);
      if (bytes[start] === FIRST_MESSAGE) good += 1;
      at = start + readVarint(bytes, at + 1);
    }
    return good;
  }
}

function skipVarint(bytes: Buffer, at: number): number {
  let end = at;
  while ((bytes[end] as number) >= 0x80) end += 1;
  return end + 1;
}

function readVarint(bytes: Buffer, at: number): number {
  let value = 0;
  for (let shift = 0, next = at; ; shift += 7, next += 1) {
    const byte = bytes[next] as number;
    value += (byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
}
