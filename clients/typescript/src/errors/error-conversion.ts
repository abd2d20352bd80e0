import { status as GrpcStatus, type Metadata } from '@grpc/grpc-js';
import type { Any } from '../gen/google/protobuf/any.js';
import { BadRequest, ErrorInfo, RetryInfo } from '../gen/google/rpc/error_details.js';
import { Status } from '../gen/google/rpc/status.js';
import { toFieldNames, toFieldPath } from './field-names.js';
import {
  type ErrorReason,
  type FieldViolation,
  messageTooLarge,
  RostrumError,
  type StatusCode,
} from './rostrum-error.js';

/** The part of a grpc-js error or status that is read here. */
export interface CallStatus {
  readonly code: number;
  readonly details: string;
  readonly metadata?: Metadata | undefined;
}

interface Details {
  reason: ErrorReason | undefined;
  metadata: Readonly<Record<string, string>>;
  fieldViolations: readonly FieldViolation[];
  retryAfterMs: number | undefined;
}

const OVERSIZE = /message larger than max \((\d+) vs\.? (\d+)\)/;
/** What grpc-js makes of a reset with ENHANCE_YOUR_CALM. */
const CUT_OFF = 'Bandwidth exhausted or memory limit exceeded';
const LATE = 'the answer did not come before the deadline';
const ERROR_DOMAIN = 'rostrum.v1';
const TYPE_PREFIX = 'type.googleapis.com/google.rpc.';

/** The error of a call, from its status and the `google.rpc.Status` in its trailers. */
export function errorFromCall(status: CallStatus): RostrumError {
  const encoded = status.metadata?.get('grpc-status-details-bin')[0];
  const details = Buffer.isBuffer(encoded) ? decodeDetails(encoded) : NO_DETAILS;
  const code = codeName(status.code);
  // Made by grpc-js, here or in the server, before the service sees anything: there is only the text.
  const sizes = code === 'RESOURCE_EXHAUSTED' && !details.reason && OVERSIZE.exec(status.details);
  if (sizes) {
    return messageTooLarge('a message was refused', Number(sizes[1]), Number(sizes[2]));
  }
  // The status that says so waits behind the messages that nobody read, and is lost with them.
  if (code === 'RESOURCE_EXHAUSTED' && !details.reason && status.details === CUT_OFF) {
    const message = 'the server cut off a call whose answers were not read for too long';
    return new RostrumError('ABORTED', 'WATCHER_TOO_SLOW', message);
  }
  const reason = details.reason ?? localReason(code, status);
  // Made by grpc-js too, of its parts and their times.
  if (code === 'DEADLINE_EXCEEDED' && !details.reason) return new RostrumError(code, reason, LATE);
  return new RostrumError(code, reason, messageOf(status.details, details) || code, details);
}

/** The error of one item of a batch or stream. */
export function errorFromStatus(status: Status): RostrumError {
  const details = readDetails(status.details);
  const message = messageOf(status.message, details);
  return new RostrumError(codeName(status.code), details.reason, message, details);
}

/** Only the service's own messages name fields: who else answered says what it says. */
function messageOf(message: string, { reason }: Details): string {
  return reason === undefined ? message : toFieldNames(message);
}

/** Names the cause of a status that grpc-js made, which has no details. */
function localReason(code: StatusCode, status: CallStatus): ErrorReason | undefined {
  if (code === 'DEADLINE_EXCEEDED') return 'DEADLINE_EXCEEDED';
  // Whoever cancels here looks at its own signal; otherwise a dying connection reset the stream.
  if (code === 'UNAVAILABLE' || code === 'CANCELLED') return 'CONNECTION_FAILED';
  // grpc-js keeps the HTTP/2 code to itself: its text is all there is to tell a reset by.
  const reset = code === 'INTERNAL' && status.details.startsWith('Received RST_STREAM');
  return reset ? 'CONNECTION_FAILED' : undefined;
}

const NO_DETAILS: Details = {
  reason: undefined,
  metadata: {},
  fieldViolations: [],
  retryAfterMs: undefined,
};

function decodeDetails(encoded: Buffer): Details {
  try {
    return readDetails(Status.decode(encoded).details);
  } catch {
    // A proxy may put anything here; the code and message still tell what happened.
    return NO_DETAILS;
  }
}

function readDetails(anys: readonly Any[]): Details {
  const details = { ...NO_DETAILS };
  for (const any of anys) {
    if (any.typeUrl === `${TYPE_PREFIX}ErrorInfo`) {
      const info = ErrorInfo.decode(any.value);
      if (info.domain === ERROR_DOMAIN) {
        details.reason = info.reason as ErrorReason;
        const { field } = info.metadata;
        details.metadata =
          field === undefined ? info.metadata : { ...info.metadata, field: toFieldPath(field) };
      }
    } else if (any.typeUrl === `${TYPE_PREFIX}BadRequest`) {
      details.fieldViolations = BadRequest.decode(any.value).fieldViolations.map(
        ({ field, description }) => ({ field: toFieldPath(field), description }),
      );
    } else if (any.typeUrl === `${TYPE_PREFIX}RetryInfo`) {
      const delay = RetryInfo.decode(any.value).retryDelay;
      if (delay) details.retryAfterMs = delay.seconds * 1000 + delay.nanos / 1e6;
    }
  }
  return details;
}

function codeName(code: number): StatusCode {
  const name: string | undefined = GrpcStatus[code];
  return name === undefined || name === 'OK' ? 'UNKNOWN' : (name as StatusCode);
}
