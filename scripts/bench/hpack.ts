/*
 * As much of HPACK (RFC 7541) as the load generator needs: request headers by a dynamic table, as
 * every real client sends them, and the one header of the answers that matters, grpc-status.
 */

/** First index of the dynamic table. */
const DYNAMIC = 62;
const METHOD_POST = 0x83;
const SCHEME_HTTP = 0x86;
const SCHEME_HTTPS = 0x87;
/** Static names, as literals that are to be added to the table. */
const AUTHORITY = 0x41;
const PATH = 0x44;
const CONTENT_TYPE = 0x5f;
const NEW_NAME = 0x40;

/** Encodes the headers of calls; one per connection, used in the order in which calls begin. */
export class HeaderEncoder {
  readonly #prefix: Buffer;
  readonly #fixed: Buffer;
  readonly #paths = new Map<string, number>();
  #blocks = new Map<string, Buffer>();

  constructor(scheme: 'http' | 'https', authority: string) {
    this.#prefix = Buffer.from([METHOD_POST, scheme === 'http' ? SCHEME_HTTP : SCHEME_HTTPS]);
    this.#fixed = Buffer.concat([
      literal(AUTHORITY, authority),
      literal(NEW_NAME, 'te', 'trailers'),
      literal(CONTENT_TYPE, 'application/grpc'),
    ]);
  }

  /** The header block of a call. The table never fills: there are only a few methods. */
  encode(path: string): Buffer {
    const known = this.#blocks.get(path);
    if (known !== undefined) return known;
    const isFirst = this.#paths.size === 0;
    if (!this.#paths.has(path)) {
      // Entries count from the newest: authority, te and content type come right after the paths.
      const block = [this.#prefix, literal(PATH, path)];
      block.push(isFirst ? this.#fixed : this.#fixedIndexes(this.#paths.size + 1));
      this.#paths.set(path, this.#paths.size);
      this.#blocks = new Map();
      return Buffer.concat(block);
    }
    const age = this.#paths.size - 1 - (this.#paths.get(path) as number);
    const isOldest = this.#paths.get(path) === 0;
    // The first path was added before the fixed headers, the others after them.
    const index = DYNAMIC + (isOldest ? this.#paths.size + 2 : age);
    const block = Buffer.concat([
      this.#prefix,
      Buffer.from([0x80 | index]),
      this.#fixedIndexes(this.#paths.size),
    ]);
    this.#blocks.set(path, block);
    return block;
  }

  /** Authority, te and content type when `paths` paths have been added, all but one after them. */
  #fixedIndexes(paths: number): Buffer {
    const newest = DYNAMIC + paths - 1;
    return Buffer.from([0x80 | (newest + 2), 0x80 | (newest + 1), 0x80 | newest]);
  }
}

function literal(prefix: number, ...texts: string[]): Buffer {
  const parts = texts.map((text) => Buffer.concat([Buffer.from([text.length]), Buffer.from(text)]));
  return Buffer.concat([Buffer.from([prefix]), ...parts]);
}

/** Huffman codes (RFC 7541, appendix B) of the characters of `grpc-status` and its values. */
const CODES: Readonly<Record<string, string>> = {
  ...{ '0': '00000', '1': '00001', '2': '00010', '3': '011001', '4': '011010', '5': '011011' },
  ...{ '6': '011100', '7': '011101', '8': '011110', '9': '011111', '-': '010110' },
  ...{ a: '00011', c: '00100', g: '100110', p: '101011', r: '101100', s: '01000', t: '01001' },
  ...{ u: '101101' },
};

function huffman(text: string): Buffer {
  const bits = [...text].map((character) => CODES[character]).join('');
  const padded = bits.padEnd(Math.ceil(bits.length / 8) * 8, '1');
  return Buffer.from(padded.match(/.{8}/g)?.map((byte) => Number.parseInt(byte, 2)) ?? []);
}

const STATUS_NAMES = [Buffer.from('grpc-status'), huffman('grpc-status')];
const STATUS_VALUES = new Map<string, number>();
for (let status = 0; status <= 16; status += 1) {
  STATUS_VALUES.set(`plain ${Buffer.from(String(status)).toString('hex')}`, status);
  STATUS_VALUES.set(`huffman ${huffman(String(status)).toString('hex')}`, status);
}
const OK_PLAIN = 0x30;
const OK_HUFFMAN = 0x07;

/**
 * The grpc-status in a header block that was made without a dynamic table.
 *
 * @throws Error when there is none, or an index of the dynamic table
 */
export function statusOf(block: Buffer): number {
  let at = 0;
  while (at < block.length) {
    const first = block[at] as number;
    if (first & 0x80) {
      if ((first & 0x7f) >= DYNAMIC) throw new Error('an indexed header is not expected');
      at += 1;
      continue;
    }
    if ((first & 0xe0) === 0x20) {
      // A new size of the table, which is 0: one byte.
      at += 1;
      continue;
    }
    const nameIndex = first & 0x40 ? first & 0x3f : first & 0x0f;
    const indexedLong = nameIndex === (first & 0x40 ? 0x3f : 0x0f);
    at += indexedLong ? 2 : 1;
    let isStatus = false;
    if (nameIndex === 0) {
      const { start, end, isHuffman } = string(block, at);
      const name = STATUS_NAMES[isHuffman ? 1 : 0] as Buffer;
      isStatus =
        end - start === name.length && block.compare(name, 0, name.length, start, end) === 0;
      at = end;
    }
    const value = string(block, at);
    if (isStatus) return readStatus(block, value);
    at = value.end;
  }
  throw new Error('an answer without grpc-status');
}

interface Text {
  readonly start: number;
  readonly end: number;
  readonly isHuffman: boolean;
}

function string(block: Buffer, at: number): Text {
  const first = block[at] as number;
  let length = first & 0x7f;
  let start = at + 1;
  if (length === 0x7f) {
    for (let shift = 0; ; shift += 7) {
      const byte = block[start++] as number;
      length += (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
  }
  return { start, end: start + length, isHuffman: first >= 0x80 };
}

function readStatus(block: Buffer, { start, end, isHuffman }: Text): number {
  if (end - start === 1 && block[start] === (isHuffman ? OK_HUFFMAN : OK_PLAIN)) return 0;
  const key = `${isHuffman ? 'huffman' : 'plain'} ${block.toString('hex', start, end)}`;
  return STATUS_VALUES.get(key) ?? -2;
}
