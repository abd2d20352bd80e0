/** One request, held until it is complete, or a stream, whose requests are handed on one by one. */
export type RequestKind = 'plain' | 'compressed' | 'stream' | 'compressed stream';

/** Roughly what Node and grpc-js keep of an open call. */
const CALL_BYTES = 12 * 1024;
/**
 * What they keep of a piece besides its bytes. A piece also keeps everything alive that was read with
 * it, so a peer can make many small pieces cost more than this.
 */
const PIECE_BYTES = 4 * 1024;
/** The most bytes that one byte compressed by deflate or gzip can expand to. */
const LARGEST_RATIO = 1_032;
/** What decompressing the messages of one piece of a stream may take. */
const COMPRESSED_STREAM_BYTES = 16 * 1024 * 1024;
/** The flag and the length before each message. */
const HEADER_BYTES = 5;

/** Follows how much memory the incomplete requests of one call hold. */
export class RequestBytes {
  #pieces = 0;
  /** Of the message that a stream is receiving: its header, and how many bytes are missing. */
  readonly #header = Buffer.alloc(HEADER_BYTES);
  #headerBytes = 0;
  #missing = 0;

  constructor(
    private readonly kind: RequestKind,
    private readonly maxMessageBytes: number,
  ) {}

  /** Bytes that are held now. */
  get held(): number {
    switch (this.kind) {
      case 'compressed':
        return CALL_BYTES + Math.min(this.#pieces * LARGEST_RATIO, this.maxMessageBytes);
      case 'compressed stream':
        return CALL_BYTES + COMPRESSED_STREAM_BYTES;
      default:
        return CALL_BYTES + this.#pieces;
    }
  }

  /** Takes in a piece. Returns what is held then. */
  receive(piece: Uint8Array): number {
    if (this.kind === 'stream') this.#follow(piece);
    else if (this.kind === 'compressed') this.#pieces += piece.byteLength;
    else this.#pieces += piece.byteLength + PIECE_BYTES;
    return this.held;
  }

  /** Nothing more will come. Compressed bytes are held until the call is over. */
  end(): number {
    return this.kind === 'plain' || this.kind === 'stream' ? 0 : this.held;
  }

  /** Looks for the end of the last message that is complete. */
  #follow(piece: Uint8Array): void {
    let at = 0;
    let from = 0;
    while (at < piece.byteLength) {
      if (this.#headerBytes < HEADER_BYTES) {
        const part = piece.subarray(at, at + HEADER_BYTES - this.#headerBytes);
        this.#header.set(part, this.#headerBytes);
        this.#headerBytes += part.byteLength;
        at += part.byteLength;
        if (this.#headerBytes < HEADER_BYTES) break;
        this.#missing = this.#header.readUInt32BE(1);
      }
      const part = Math.min(this.#missing, piece.byteLength - at);
      this.#missing -= part;
      at += part;
      if (this.#missing > 0) break;
      this.#headerBytes = 0;
      this.#pieces = 0;
      from = at;
    }
    if (from < piece.byteLength) this.#pieces += piece.byteLength - from + PIECE_BYTES;
  }
}
