import { randomBytes } from 'node:crypto';
import grpc from '@grpc/grpc-js';
import { RostrumError } from '../domain/errors.js';
import type { Any } from '../gen/google/protobuf/any.js';
import { BadRequest, ErrorInfo, RetryInfo } from '../gen/google/rpc/error_details.js';
import { Status } from '../gen/google/rpc/status.js';

const DOMAIN = 'rostrum.v1';
const DETAILS_KEY = 'grpc-status-details-bin';

/**
 * Some clients refuse trailers over 8 KiB, and the message travels twice, once percent-encoded (up
 * to 3 bytes for one). Cutting the parts keeps the whole below that.
 */
const MAX_MESSAGE_LENGTH = 800;
const MAX_VALUE_LENGTH = 512;
const MAX_VIOLATIONS = 10;

/** Hears of errors whose cause callers do not get to see. */
export interface ErrorListener {
  /** An error that is not a `RostrumError`: a fault of the server. */
  fault(requestId: string, error: unknown, method: string): void;
  /** A `RostrumError` with a cause, such as an unreachable store. */
  cause(error: RostrumError, method: string): void;
}

/** Anything thrown, as the error that callers may see. Tells the listener what they may not. */
export function toRostrumError(
  error: unknown,
  method: string,
  listener: ErrorListener,
): RostrumError {
  if (error instanceof RostrumError) {
    if (error.details.cause !== undefined) listener.cause(error, method);
    return error;
  }
  const requestId = randomBytes(8).toString('hex');
  listener.fault(requestId, error, method);
  return new RostrumError(
    'INTERNAL',
    `a fault of the server; its log has the cause under request id ${requestId}`,
    { metadata: { request_id: requestId } },
  );
}

/** The error as `google.rpc.Status`, for results that carry an error each. */
export function toStatus(error: RostrumError): Status {
  const { metadata, violations, retryAfterMs } = error.details;
  const info: ErrorInfo = {
    reason: error.reason,
    domain: DOMAIN,
    metadata: cutValues(metadata ?? {}),
  };
  const details = [pack('google.rpc.ErrorInfo', ErrorInfo.encode(info).finish())];
  if (violations !== undefined) {
    const fieldViolations = violations.slice(0, MAX_VIOLATIONS).map((violation) => ({
      field: clean(violation.field, MAX_VALUE_LENGTH),
      description: clean(violation.description, MAX_VALUE_LENGTH),
    }));
    details.push(pack('google.rpc.BadRequest', BadRequest.encode({ fieldViolations }).finish()));
  }
  if (retryAfterMs !== undefined) {
    const seconds = Math.floor(retryAfterMs / 1000);
    const nanos = Math.round((retryAfterMs - seconds * 1000) * 1e6);
    const retry: RetryInfo = { retryDelay: { seconds: BigInt(seconds), nanos } };
    details.push(pack('google.rpc.RetryInfo', RetryInfo.encode(retry).finish()));
  }
  return { code: error.code, message: clean(error.message, MAX_MESSAGE_LENGTH), details };
}

/** The error as grpc-js sends it, with its `google.rpc.Status` in the trailers. */
export function toServiceError(error: RostrumError): grpc.StatusObject {
  const status = toStatus(error);
  const metadata = new grpc.Metadata();
  metadata.set(DETAILS_KEY, Buffer.from(Status.encode(status).finish()));
  return { code: status.code, details: status.message, metadata };
}

/** The work of a call was given up because the caller is gone or its deadline has passed. */
export class CallCancelled extends Error {
  override readonly name = 'CallCancelled';

  constructor() {
    super('the call was cancelled or its deadline passed');
  }
}

function pack(type: string, message: Uint8Array): Any {
  return { typeUrl: `type.googleapis.com/${type}`, value: Buffer.from(message) };
}

function cutValues(values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, clean(value, MAX_VALUE_LENGTH)]),
  );
}

/** Cuts a text, and mends half surrogate pairs, which grpc-js would throw on. */
function clean(text: string, maxLength: number): string {
  const cut = text.length > maxLength ? `${text.slice(0, maxLength - 1)}…` : text;
  return cut.toWellFormed();
}
