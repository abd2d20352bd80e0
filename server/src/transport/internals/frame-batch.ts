const FRAME_HEADER_BYTES = 5;

/**
 * Several messages of one stream that leave in a single write.
 *
 * grpc-js writes messages one at a time, each after the one before was flushed, which costs a turn of
 * the event loop each. To build a frame it asks the message for its `byteLength`, allocates that and 5
 * bytes for the header, and lets the message `copy` itself in behind the header. A batch gives the
 * length of all its frames less one header, and copies itself over the header too. What leaves is a
 * sequence of ordinary frames.
 */
export class FrameBatch {
  readonly #frames: Buffer;

  constructor(messages: readonly Uint8Array[]) {
    let length = 0;
    for (const message of messages) length += FRAME_HEADER_BYTES + message.byteLength;
    const frames = Buffer.allocUnsafe(length);
    let offset = 0;
    for (const message of messages) {
      frames[offset] = 0;
      frames.writeUInt32BE(message.byteLength, offset + 1);
      frames.set(message, offset + FRAME_HEADER_BYTES);
      offset += FRAME_HEADER_BYTES + message.byteLength;
    }
    this.#frames = frames;
  }

  get byteLength(): number {
    return this.#frames.byteLength;
  }

  /** What grpc-js takes for a serialized message; only `byteLength` and `copy` work. */
  asSerialized(): Buffer {
    const frames = this.#frames;
    const serialized = {
      byteLength: frames.byteLength - FRAME_HEADER_BYTES,
      copy: (target: Uint8Array) => frames.copy(target, 0),
    };
    return serialized as unknown as Buffer;
  }
}
