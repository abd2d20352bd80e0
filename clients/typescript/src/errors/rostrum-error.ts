import type { ContractNames } from '../contract-names.js';
import type { ErrorReason as ErrorReasonEnum } from '../gen/rostrum/v1/error.js';

/** The canonical gRPC status codes, by name. */
export type StatusCode =
  | 'CANCELLED'
  | 'UNKNOWN'
  | 'INVALID_ARGUMENT'
  | 'DEADLINE_EXCEEDED'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'PERMISSION_DENIED'
  | 'RESOURCE_EXHAUSTED'
  | 'FAILED_PRECONDITION'
  | 'ABORTED'
  | 'OUT_OF_RANGE'
  | 'UNIMPLEMENTED'
  | 'INTERNAL'
  | 'UNAVAILABLE'
  | 'DATA_LOSS'
  | 'UNAUTHENTICATED';

/** Causes that no call of this client can meet yet: seasons and segments are planned. */
type PlannedReason = 'SEASON_NOT_FOUND' | 'SEGMENT_NOT_FOUND';

/** The causes of errors that the service documents in `rostrum/v1/error.proto`. */
export type ServiceErrorReason = Exclude<
  ContractNames<typeof ErrorReasonEnum, 'ERROR_REASON_'>,
  PlannedReason
>;

/**
 * The causes of errors that arise in this client:
 *
 * - `CLIENT_CLOSED` (CANCELLED): the client was closed before the call ended.
 * - `INVALID_OPTIONS` (INVALID_ARGUMENT): options of a client, call, stream or watch that mean
 *   nothing, or that do not exist.
 * - `CERTIFICATE_FILE_MISSING` (FAILED_PRECONDITION): a certificate or key file cannot be read.
 *   Metadata: `path`.
 * - `CERTIFICATE_INVALID` (FAILED_PRECONDITION): a certificate or key cannot be used.
 * - `CERTIFICATE_REFUSED` (UNAUTHENTICATED): the server refuses this client's certificate, or this
 *   client refuses the server's.
 * - `CONNECTION_FAILED` (UNAVAILABLE): the server cannot be reached, or the connection was lost
 *   before the answer came. Metadata, of submissions that may have been recorded with this and any other
 *   reason: `submission_id`, or `submission_ids` of a batch.
 * - `LEADERBOARD_RULES_DIFFER` (FAILED_PRECONDITION): the leaderboard exists with other rules than
 *   `client.leaderboard` was given. Metadata: `leaderboard_id`, and each rule that differs as the
 *   leaderboard has it: `aggregation`, `sort_order`, `subscore_sort_order`.
 * - `MESSAGE_TOO_LARGE` (RESOURCE_EXHAUSTED): a request of more than 4 MiB, which is not sent, or a
 *   message that the receiver refuses for its size. Metadata: `size` and `limit` in bytes.
 * - `NODE_TOO_OLD` (FAILED_PRECONDITION): this Node cannot run the client.
 * - `SERVER_NOT_READY` (UNAVAILABLE): the server answers, and says that it does not serve yet.
 * - `STREAM_ENDED` (FAILED_PRECONDITION): a submission to a score stream after `end()`.
 * - `STREAM_FULL` (RESOURCE_EXHAUSTED): more submissions wait in a score stream than it holds.
 * - `SUBMISSION_ID_REUSED` (ALREADY_EXISTS): the service says `DUPLICATE`: the submission is not
 *   recorded, because its id was used before for a different one. Metadata: `leaderboard_id`,
 *   `player_id`, `submission_id`.
 * - `SUBMISSIONS_FAILED` (ABORTED): submissions of a score stream failed, and nobody looked at their
 *   results. Metadata: `count`; `cause` is the first failure.
 * - `VIEW_CLOSED` (CANCELLED): a live view was closed before it had its first standings.
 */
export type ClientErrorReason =
  | 'CLIENT_CLOSED'
  | 'INVALID_OPTIONS'
  | 'CERTIFICATE_FILE_MISSING'
  | 'CERTIFICATE_INVALID'
  | 'CERTIFICATE_REFUSED'
  | 'CONNECTION_FAILED'
  | 'LEADERBOARD_RULES_DIFFER'
  | 'MESSAGE_TOO_LARGE'
  | 'NODE_TOO_OLD'
  | 'SERVER_NOT_READY'
  | 'STREAM_ENDED'
  | 'STREAM_FULL'
  | 'SUBMISSION_ID_REUSED'
  | 'SUBMISSIONS_FAILED'
  | 'VIEW_CLOSED';

/** Why a call failed; decide on this or on the code, never on the message text. */
export type ErrorReason = ServiceErrorReason | ClientErrorReason;

/** One refused field: its path in the request, as this client's caller writes it, and what is wrong. */
export interface FieldViolation {
  /** Such as `playerId`, `view.top` or `submissions[3].score`; empty for the request itself. */
  readonly field: string;
  /** What is wrong with it, for people. */
  readonly description: string;
}

export interface RostrumErrorDetails {
  /** Values that the reason speaks of, such as `leaderboard_id`. */
  readonly metadata?: Readonly<Record<string, string>>;
  readonly fieldViolations?: readonly FieldViolation[];
  /** How long the service asks to wait before trying again, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

/** The error of every failed call, except where an AbortSignal ended it: that rejects with the signal's reason. */
export class RostrumError extends Error {
  override readonly name = 'RostrumError';
  /** The gRPC status code: how to react where the reason is not known. */
  readonly code: StatusCode;
  /** Undefined when neither the service nor this client names a cause, as for a proxy's errors. */
  readonly reason: ErrorReason | undefined;
  /** Values that the reason speaks of, such as `leaderboard_id`. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The refused fields, for `INVALID_FIELD`. */
  readonly fieldViolations: readonly FieldViolation[];
  /** How long the service asks to wait before trying again, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: StatusCode,
    reason: ErrorReason | undefined,
    message: string,
    details: RostrumErrorDetails = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.reason = reason;
    this.metadata = details.metadata ?? {};
    this.fieldViolations = details.fieldViolations ?? [];
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** A RostrumError of one reason, or of one of several. */
export type RostrumErrorOf<Reason extends ErrorReason> = RostrumError & { readonly reason: Reason };

/**
 * Whether a value is a RostrumError, and of one of the given reasons if any are given. The compiler
 * then knows the reason too: `if (isRostrumError(e, 'STANDING_NOT_FOUND'))`.
 */
export function isRostrumError(value: unknown): value is RostrumError;
export function isRostrumError<Reason extends ErrorReason>(
  value: unknown,
  ...reasons: readonly Reason[]
): value is RostrumErrorOf<Reason>;
export function isRostrumError(value: unknown, ...reasons: readonly ErrorReason[]): boolean {
  return (
    value instanceof RostrumError &&
    (reasons.length === 0 || (value.reason !== undefined && reasons.includes(value.reason)))
  );
}

export function clientClosed(): RostrumError {
  return new RostrumError('CANCELLED', 'CLIENT_CLOSED', 'the client is closed');
}

export function invalidOptions(message: string): RostrumError {
  return new RostrumError('INVALID_ARGUMENT', 'INVALID_OPTIONS', message);
}

/** Sizes in bytes. `refused` says what was refused, and by whom if not by this client. */
export function messageTooLarge(refused: string, size: number, limit: number): RostrumError {
  const message = `${refused}: ${size} bytes are more than the limit of ${limit}; send or ask for less at a time, or shorten metadata and names`;
  const metadata = { size: String(size), limit: String(limit) };
  return new RostrumError('RESOURCE_EXHAUSTED', 'MESSAGE_TOO_LARGE', message, { metadata });
}
