import { BinaryWriter } from '@bufbuild/protobuf/wire';

/** A writer whose last message was longer is not kept: it holds as much memory. */
const KEPT_BYTES = 1024 * 1024;

let idle: BinaryWriter | undefined = new BinaryWriter();

/**
 * The bytes that `write` writes. One writer serves all messages: a new one would have to allocate and
 * enlarge its buffer, which takes several times as long as the writing.
 */
export function encodeMessage(write: (writer: BinaryWriter) => void): Buffer {
  const writer = idle ?? new BinaryWriter();
  idle = undefined;
  write(writer);
  const { buffer, byteLength } = writer.finish();
  if (byteLength <= KEPT_BYTES) idle = writer;
  return Buffer.from(buffer, 0, byteLength);
}
