import type grpc from '@grpc/grpc-js';
import { RostrumError } from '../domain/errors.js';
import { FrameBatch } from './internals/frame-batch.js';

const NO_MESSAGE = 'the request is not a valid message of this method';

/** A request as the wrappers get it: an error if its bytes are not a message. */
export type Decoded<Req> = Req | RostrumError;

/** @throws INVALID_FIELD for a request whose bytes are not a message. */
export function requireDecoded<Req>(request: Decoded<Req>): Req {
  if (request instanceof RostrumError) throw request;
  return request;
}

/**
 * The definition with two changes that the wrappers of this folder rely on:
 *
 * - A handler may answer with a message or with the bytes of one (a `Uint8Array`), so that one encoding
 *   can go to many callers.
 * - A request that cannot be decoded becomes an error, INVALID_FIELD. grpc-js alone would answer
 *   INTERNAL.
 */
export function encodedResponses(definition: grpc.ServiceDefinition): grpc.ServiceDefinition {
  return Object.fromEntries(
    Object.entries(definition).map(([name, method]) => [
      name,
      {
        ...method,
        responseSerialize: (value: unknown) => toBuffer(value, method.responseSerialize),
        requestDeserialize: safely(method.requestDeserialize),
      },
    ]),
  );
}

function toBuffer(value: unknown, encode: (value: unknown) => Buffer): Buffer {
  if (Buffer.isBuffer(value)) return value;
  if (value instanceof FrameBatch) return value.asSerialized();
  if (!(value instanceof Uint8Array)) return encode(value);
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

function safely(decode: (bytes: Buffer) => unknown): (bytes: Buffer) => unknown {
  return (bytes) => {
    try {
      return decode(bytes);
    } catch {
      return new RostrumError('INVALID_FIELD', NO_MESSAGE, {
        violations: [{ field: '', description: NO_MESSAGE }],
      });
    }
  };
}
