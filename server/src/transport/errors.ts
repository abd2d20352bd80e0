import { randomBytes } from 'node:crypto';
import grpc from '@grpc/grpc-js';
import { type FieldViolation, RostrumError } from '../domain/errors.js';
import { isOutage } from '../domain/outage.js';
import type { Any } from '../gen/google/protobuf/any.js';
import { BadRequest, ErrorInfo, RetryInfo } from '../gen/google/rpc/error_details.js';
import { Status } from '../gen/google/rpc/status.js';
import type { Logger } from '../observability/log.js';

const DOMAIN = 'rostrum.v1';
const DETAILS_KEY = 'grpc-status-details-bin';

/**
 * Some clients refuse headers over 8 KiB, and these limits keep an error below that. Its message is
 * sent twice, once percent-encoded (up to 9 bytes a character), and its details in base64.
 */
const MAX_MESSAGE_LENGTH = 400;
const MAX_STATUS_BYTES = 3072;
const MAX_VALUE_LENGTH = 512;
const MAX_FIELD_LENGTH = 128;
const MAX_DESCRIPTION_LENGTH = 256;
const MAX_VIOLATIONS = 16;

/**
 * Turns anything thrown into the error that callers may see, and logs what they may not.
 *
 * A few errors never get here, because grpc-js answers them itself, and so carry no ErrorInfo: a
 * message over the size limit (RESOURCE_EXHAUSTED), an unknown method, a missing or second request
 * message or an unknown compression (UNIMPLEMENTED), a message that cannot be decompressed and a
 * malformed timeout (INTERNAL), a deadline that passes during the work (DEADLINE_EXCEEDED).
 * `malformed-calls.spec.ts` pins them.
 */
export function toRostrumError(error: unknown, method: string, log: Logger): RostrumError {
  if (error instanceof RostrumError) {
    const { reason, details } = error;
    if (details.cause !== undefined) {
      const err = isOutage(error) ? error : details.cause;
      log.warn({ reason, method, err }, 'call refused');
    }
    return error;
  }
  const requestId = randomBytes(8).toString('hex');
  log.error({ requestId, method, err: error }, 'call failed');
  return new RostrumError(
    'INTERNAL',
    `a fault of the server; its log has the cause under request id ${requestId}`,
    { metadata: { request_id: requestId } },
  );
}

/** The error as `google.rpc.Status`, for results whose items fail one by one. */
export function toStatus(error: RostrumError): Status {
  const { metadata, violations, retryAfterMs } = error.details;
  const info: ErrorInfo = {
    reason: error.reason,
    domain: DOMAIN,
    metadata: cutValues(metadata ?? {}),
  };
  const details = [pack('google.rpc.ErrorInfo', ErrorInfo.encode(info).finish())];
  if (retryAfterMs !== undefined) {
    const seconds = Math.floor(retryAfterMs / 1000);
    const nanos = Math.round((retryAfterMs - seconds * 1000) * 1e6);
    const retry: RetryInfo = { retryDelay: { seconds: BigInt(seconds), nanos } };
    details.push(pack('google.rpc.RetryInfo', RetryInfo.encode(retry).finish()));
  }
  const message = clean(error.message, MAX_MESSAGE_LENGTH);
  if (violations !== undefined) {
    const used = Status.encode({ code: error.code, message, details }).finish().byteLength;
    const room = MAX_STATUS_BYTES - used;
    details.push(pack('google.rpc.BadRequest', encodeViolations(violations, room)));
  }
  return { code: error.code, message, details };
}

/** As many violations as fit into `room` bytes; at least one. */
function encodeViolations(violations: readonly FieldViolation[], room: number): Uint8Array {
  const fieldViolations = violations.slice(0, MAX_VIOLATIONS).map((violation) => ({
    field: clean(violation.field, MAX_FIELD_LENGTH),
    description: clean(violation.description, MAX_DESCRIPTION_LENGTH),
    reason: '',
    localizedMessage: undefined,
  }));
  let encoded = BadRequest.encode({ fieldViolations }).finish();
  while (encoded.byteLength > room && fieldViolations.length > 1) {
    fieldViolations.pop();
    encoded = BadRequest.encode({ fieldViolations }).finish();
  }
  return encoded;
}

/** The error as grpc-js sends it, with its `google.rpc.Status` in the trailers. */
export function toServiceError(error: RostrumError): grpc.StatusObject {
  const status = toStatus(error);
  const metadata = new grpc.Metadata();
  metadata.set(DETAILS_KEY, Buffer.from(Status.encode(status).finish()));
  return { code: status.code, details: status.message, metadata };
}

/** A call was abandoned, because its caller left or its deadline passed. */
export class CallCancelled extends Error {
  override readonly name = 'CallCancelled';

  constructor() {
    super('the call was cancelled or its deadline passed');
  }
}

/** UNAVAILABLE: the server is shutting down. */
export function shuttingDown(metadata: Readonly<Record<string, string>> = {}): RostrumError {
  return new RostrumError('SHUTTING_DOWN', 'the server is shutting down; call another or retry', {
    metadata,
    retryAfterMs: 500,
  });
}

function pack(type: string, message: Uint8Array): Any {
  return { typeUrl: `type.googleapis.com/${type}`, value: Buffer.from(message) };
}

function cutValues(values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, clean(value, MAX_VALUE_LENGTH)]),
  );
}

/** Shortens a text, and replaces lone surrogates, which grpc-js would throw on. */
function clean(text: string, maxLength: number): string {
  const cut = text.length > maxLength ? `${text.slice(0, maxLength - 1)}…` : text;
  return cut.toWellFormed();
}
