import type grpc from '@grpc/grpc-js';
import { RostrumError } from '../domain/errors.js';
import { FrameBatch } from './internals/frame-batch.js';

/** Stands for a request whose bytes are not a message; the wrappers answer it with `error`. */
export class UndecodableRequest {
  readonly error: RostrumError;

  constructor() {
    const description = 'the request is not a valid message of this method';
    this.error = new RostrumError('INVALID_FIELD', description, {
      violations: [{ field: '', description }],
    });
  }
}

/** @throws INVALID_FIELD for a request whose bytes are not a message. */
export function requireDecoded<Req>(request: Req | UndecodableRequest): Req {
  if (request instanceof UndecodableRequest) throw request.error;
  return request;
}

/**
 * The definition with two changes that the wrappers of this folder rely on:
 *
 * - a handler may answer with a message or with its bytes (a `Uint8Array`), which are sent as they
 *   are; so one encoding can go to many callers;
 * - a request that cannot be decoded becomes an `UndecodableRequest`, where grpc-js alone would
 *   answer INTERNAL.
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
  if (value instanceof Uint8Array) return asBuffer(value);
  if (value instanceof FrameBatch) return value.asSerialized();
  return encode(value);
}

/** The same bytes as a Buffer, not copied. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function safely(decode: (bytes: Buffer) => unknown): (bytes: Buffer) => unknown {
  return (bytes) => {
    try {
      return decode(bytes);
    } catch {
      return new UndecodableRequest();
    }
  };
}
