/** The canonical gRPC status codes that Rostrum uses, by their numbers on the wire. */
export const StatusCode = {
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
} as const;
export type StatusCode = (typeof StatusCode)[keyof typeof StatusCode];

/**
 * Each reason of `rostrum.v1.ErrorReason` (without its prefix) and the status code it always comes
 * with. `error.proto` documents them.
 */
export const REASON_CODES = {
  INVALID_FIELD: StatusCode.INVALID_ARGUMENT,
  INVALID_PAGE_TOKEN: StatusCode.INVALID_ARGUMENT,
  INVALID_RESUME_TOKEN: StatusCode.INVALID_ARGUMENT,
  CLIENT_TIME_IN_FUTURE: StatusCode.INVALID_ARGUMENT,
  BATCH_TOO_LARGE: StatusCode.INVALID_ARGUMENT,
  LEADERBOARD_NOT_FOUND: StatusCode.NOT_FOUND,
  LEADERBOARD_ALREADY_EXISTS: StatusCode.ALREADY_EXISTS,
  STANDING_NOT_FOUND: StatusCode.NOT_FOUND,
  SEASON_NOT_FOUND: StatusCode.NOT_FOUND,
  SEGMENT_NOT_FOUND: StatusCode.NOT_FOUND,
  LEADERBOARD_NOT_EMPTY: StatusCode.FAILED_PRECONDITION,
  NOT_SUPPORTED: StatusCode.UNIMPLEMENTED,
  TOTAL_OUT_OF_RANGE: StatusCode.OUT_OF_RANGE,
  RESUME_TOKEN_EXPIRED: StatusCode.OUT_OF_RANGE,
  IDENTITY_MISSING: StatusCode.UNAUTHENTICATED,
  ROLE_NOT_ALLOWED: StatusCode.PERMISSION_DENIED,
  STORE_UNAVAILABLE: StatusCode.UNAVAILABLE,
  SHUTTING_DOWN: StatusCode.UNAVAILABLE,
  OVERLOADED: StatusCode.RESOURCE_EXHAUSTED,
  WATCHER_TOO_SLOW: StatusCode.ABORTED,
  INTERNAL: StatusCode.INTERNAL,
  TOO_MANY_WATCHES: StatusCode.RESOURCE_EXHAUSTED,
  DEADLINE_EXCEEDED: StatusCode.DEADLINE_EXCEEDED,
} as const satisfies Record<string, StatusCode>;
export type ErrorReason = keyof typeof REASON_CODES;

/** One refused field: its path in the request and what is wrong with it. */
export interface FieldViolation {
  readonly field: string;
  readonly description: string;
}

export interface ErrorDetails {
  /** Values that the reason speaks of; sent to the caller. */
  readonly metadata?: Readonly<Record<string, string>>;
  readonly violations?: readonly FieldViolation[];
  /** How long the caller should wait before trying again, in milliseconds. */
  readonly retryAfterMs?: number;
  /** What led to it; logged, never sent. */
  readonly cause?: unknown;
}

/** An error that callers may see: its message, reason and details reach them as they are. */
export class RostrumError extends Error {
  override readonly name = 'RostrumError';

  constructor(
    readonly reason: ErrorReason,
    message: string,
    readonly details: ErrorDetails = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
  }

  get code(): StatusCode {
    return REASON_CODES[this.reason];
  }
}

/** INVALID_ARGUMENT for one field. */
export function invalidField(
  field: string,
  description: string,
  reason: ErrorReason = 'INVALID_FIELD',
): RostrumError {
  return new RostrumError(reason, `${field}: ${description}`, {
    violations: [{ field, description }],
  });
}

/** INVALID_ARGUMENT for one or more fields. */
export function invalidFields(violations: readonly FieldViolation[]): RostrumError {
  const message = violations.map((v) => `${v.field}: ${v.description}`).join('; ');
  return new RostrumError('INVALID_FIELD', message, { violations });
}

/** UNIMPLEMENTED for a value that the contract plans for and this server does not support yet. */
export function notSupported(field: string, description: string): RostrumError {
  return new RostrumError('NOT_SUPPORTED', `${field}: ${description}`, { metadata: { field } });
}

/** UNAVAILABLE: the store of record cannot be reached, or refuses writes; `cause` is logged only. */
export function storeUnavailable(cause: unknown): RostrumError {
  return new RostrumError(
    'STORE_UNAVAILABLE',
    'the store of record is not available; try again, with the same submission_id if it is a submission',
    { retryAfterMs: 500, cause },
  );
}

export function leaderboardNotFound(leaderboardId: string): RostrumError {
  return new RostrumError('LEADERBOARD_NOT_FOUND', `there is no leaderboard ${leaderboardId}`, {
    metadata: { leaderboard_id: leaderboardId },
  });
}
